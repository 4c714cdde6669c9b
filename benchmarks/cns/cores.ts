/**
 * One core and all cores: `npm run bench:cores -- [--detector ORB] [--clip approach] [--rounds 3]`. The same job runs in
 * a process that may use one core only (`taskset`) and in one that may use all, by turns: frames a second of the job's
 * frame stage, processor time of the whole job a frame (all threads, without FFmpeg; it hardly depends on what else the
 * machine does), and the process's peak memory. Linux only.
 */
import { execFile } from 'node:child_process';
import os from 'node:os';
import { parseArgs, promisify } from 'node:util';
import { spreadOf, type Spread } from '../statistics.js';
import { runClip } from './run-clip.js';
import { markdownTable } from './summary.js';

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
    rounds: { type: 'string', default: '3' },
    /** Set by this script for the processes that it starts. */
    threads: { type: 'string' },
  },
});
const { detector, clip } = flags;

async function measureHere(threads: number): Promise<Measured> {
  const job = { clip, threads, parameters: { detector } };
  return runClip(job, ({ timings }, { frames }) => {
    const { user, system } = process.cpuUsage();
    return {
      framesPerSecond: (1000 * frames) / timings.framesMs,
      peakMegabytes: process.resourceUsage().maxRSS / 1024,
      processorMs: (user + system) / 1000 / frames,
    };
  });
}

async function measureOn(cores: number): Promise<Measured> {
  const script = [process.argv[1], '--detector', detector, '--clip', clip, '--threads', String(cores)];
  const { stdout } = await run('taskset', ['-c', `0-${cores - 1}`, process.execPath, ...script]);
  return JSON.parse(stdout) as Measured;
}

if (flags.threads !== undefined) {
  process.stdout.write(JSON.stringify(await measureHere(Number(flags.threads))));
  process.exit(0);
}

const all = os.availableParallelism();
const results: Record<'one' | 'all', Measured[]> = { one: [], all: [] };
for (let round = 0; round < Math.max(1, Number(flags.rounds)); round++) {
  results.one.push(await measureOn(1));
  results.all.push(await measureOn(all));
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
process.stdout.write(`${clip}, ${detector}:\n\n${markdownTable(head, rows)}\n`);
