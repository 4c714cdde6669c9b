/**
 * Compares one core with all cores: `npm run bench:cores -- [--detector ORB] [--clip approach] [--repeat 5] [--rounds
 * 3]`. The same job runs alternately in a process restricted to one core (`taskset`) and in one that may use all cores.
 * Reports frames per second of the job's frame stage, processor time of the whole job per frame (all threads, without
 * FFmpeg; nearly independent of other load on the machine), and the process's peak memory. The clip is repeated five
 * times by default, as in the benchmark against the Python pipeline, because startup costs are the same on one core and
 * on all. Linux only.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { markdownTable, spreadOf, type Spread } from '../statistics.js';
import { repeatClip } from './repeat-clip.js';
import { runClip } from './run-clip.js';

const run = promisify(execFile);

interface Measured {
  readonly framesPerSecond: number;
  readonly peakMegabytes: number;
  readonly processorMs: number;
}

const { values: flags } = parseArgs({
  options: {
    detector: { type: 'string', default: 'ORB' },
    clip: { type: 'string', default: 'approach' },
    repeat: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    /** Set by this script for its child processes. */
    folder: { type: 'string' },
    threads: { type: 'string' },
  },
});
const { detector, clip } = flags;

async function measureHere(threads: number, folder: string | undefined): Promise<Measured> {
  const job = { clip, folder, threads, parameters: { detector } };
  return runClip(job, ({ timings }, { frames }) => {
    const { user, system } = process.cpuUsage();
    return {
      framesPerSecond: (1000 * frames) / timings.framesMs,
      peakMegabytes: process.resourceUsage().maxRSS / 1024,
      processorMs: (user + system) / 1000 / frames,
    };
  });
}

async function measureOn(cores: number, folder: string): Promise<Measured> {
  const job = ['--detector', detector, '--clip', clip, '--folder', folder, '--threads', String(cores)];
  const script = [process.argv[1], ...job];
  const { stdout } = await run('taskset', ['-c', `0-${cores - 1}`, process.execPath, ...script]);
  return JSON.parse(stdout) as Measured;
}

if (flags.threads !== undefined) {
  process.stdout.write(JSON.stringify(await measureHere(Number(flags.threads), flags.folder)));
  process.exit(0);
}

const all = os.availableParallelism();
const times = Math.max(1, Number(flags.repeat));
const results: Record<'one' | 'all', Measured[]> = { one: [], all: [] };
const folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-cores-'));
try {
  await repeatClip(clip, times, folder);
  for (let round = 0; round < Math.max(1, Number(flags.rounds)); round++) {
    results.one.push(await measureOn(1, folder));
    results.all.push(await measureOn(all, folder));
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
const rates = (measured: readonly Measured[]): Spread =>
  spreadOf(measured.map(({ framesPerSecond }) => framesPerSecond));
const show = ({ median, minimum, maximum }: Spread): string =>
  `${median.toFixed(1)} (${minimum.toFixed(1)}–${maximum.toFixed(1)})`;
const megabytes = (measured: readonly Measured[]): number =>
  Math.round(Math.max(...measured.map(({ peakMegabytes }) => peakMegabytes)));
const [one, every] = [rates(results.one), rates(results.all)];
const processor = (measured: readonly Measured[]): number =>
  spreadOf(measured.map(({ processorMs }) => processorMs)).median;
const rows = [
  ['1', show(one), 1, processor(results.one), megabytes(results.one)],
  [String(all), show(every), every.median / one.median, processor(results.all), megabytes(results.all)],
];
const head = ['cores', 'frames/s, median (min–max)', 'times one core', 'processor ms a frame', 'peak MB'];
process.stdout.write(`${clip} played ${times} times, ${detector}:\n\n${markdownTable(head, rows)}\n`);
