/**
 * Short jobs: `npm run bench:short-job -- [--detector SIFT] [--frames 10] [--rounds 5]`. Runs the same job of a few frames
 * in this process, each time with threads of its own and then with the threads that the job before left: milliseconds by
 * stage and of processor time, all threads and FFmpeg included. An engine runs its jobs in the second way.
 */
import { parseArgs } from 'node:util';
import { locateFfmpeg } from '../../src/media/ffmpeg-locate.js';
import { warmPipelines } from '../../src/servoing/features/warm-pipelines.js';
import { processorMs } from '../processor-time.js';
import { markdownTable, medianOf } from '../statistics.js';
import { runClip } from './run-clip.js';

const STAGES = ['loadMs', 'probeMs', 'goalMs', 'framesMs', 'reportMs', 'totalMs'] as const;

const { values: flags } = parseArgs({
  options: {
    detector: { type: 'string', default: 'SIFT' },
    clip: { type: 'string', default: 'approach' },
    frames: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '5' },
  },
});
const ffmpeg = await locateFfmpeg();

/** One job; milliseconds of each stage, and of processor time. */
function runJob(keepThreads: boolean): Promise<number[]> {
  const start = processorMs();
  const job = { clip: flags.clip, frames: Number(flags.frames), threads: 1, ffmpeg, keepThreads };
  return runClip({ ...job, parameters: { detector: flags.detector } }, ({ timings }) => [
    ...STAGES.map((stage) => timings[stage]),
    processorMs() - start,
  ]);
}

const first = await runJob(false);
const [fresh, kept]: number[][][] = [[], []];
for (let round = 0; round < Number(flags.rounds); round++) {
  fresh.push(await runJob(false));
  await runJob(true);
  kept.push(await runJob(true));
  await warmPipelines.close();
}
const medians = (rows: readonly number[][]): (number | null)[] =>
  first.map((_, column) => medianOf(rows.map((row) => row[column])));
const rounded = (row: readonly (number | null)[]): number[] => row.map((value) => Math.round(value ?? 0));
const head = ['threads', ...STAGES.map((stage) => stage.replace(/Ms$/, '')), 'processor'];
const rows = [
  ['first job of the process', ...rounded(first)],
  ['loaded for each job', ...rounded(medians(fresh))],
  ['kept from the job before', ...rounded(medians(kept))],
];
process.stdout.write(`${flags.clip}, ${flags.frames} frames, ${flags.detector}, milliseconds:\n\n`);
process.stdout.write(`${markdownTable(head, rows)}\n`);
process.exit(0);
