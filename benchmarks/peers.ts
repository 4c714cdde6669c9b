import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { repeatClip } from './cns/repeat-clip.js';
import { ROOT } from './cns/run-clip.js';
import { compared, spreadOf, type Figure } from './statistics.js';

const run = promisify(execFile);
const DETECTORS = ['SIFT', 'ORB', 'AKAZE'];

/** Options of the benchmark. */
export interface PeerOptions {
  /** Detectors; default all three. */
  readonly detectors?: readonly string[];
  /** Clip in `samples/`; default `approach`. */
  readonly clip?: string;
  /** Repetitions of the clip in one job; default 5, which makes the sample clips twenty seconds long. */
  readonly repeat?: number;
  /** Alternating rounds of both sides; default 3. */
  readonly rounds?: number;
  /** The core that both sides are restricted to; default 0. */
  readonly core?: number;
  /** A Python with OpenCV and ONNX Runtime; default PYTHON, else python3. */
  readonly python?: string;
}

/** One run of either side. */
interface Measured {
  /** From decoding to velocity, over all frames. */
  readonly framesPerSecond: number;
  /** Processor time of the same, including children. */
  readonly processorMs: number;
  /** Including loading, goal and report. */
  readonly jobFramesPerSecond: number;
  readonly jobProcessorMs: number;
  /** Mean number of matches per frame that passed the geometric check. */
  readonly inliers: number;
  readonly peakMegabytes: number;
}

type Settings = Required<PeerOptions> & {
  /** Folder of the clip. */
  readonly folder: string;
  /** Folder of the peer's report. */
  readonly report: string;
};

/** Runs on one core, so that neither side's threads or FFmpeg use another one. */
async function onOneCore(core: number, command: string, rest: readonly string[]): Promise<Measured> {
  const { stdout } = await run('taskset', ['-c', String(core), command, ...rest]);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Measured;
}

const ours = ({ core, clip, folder }: Settings, detector: string): Promise<Measured> => {
  const script = path.join(ROOT, 'dist', 'benchmarks', 'cns', 'one-core.js');
  const files = ['--clip', clip, '--folder', folder];
  return onOneCore(core, process.execPath, [script, '--detector', detector, ...files]);
};

function peer({ core, clip, python, folder, report }: Settings, detector: string): Promise<Measured> {
  const script = path.join(ROOT, 'benchmarks', 'peers', 'cns_pipeline.py');
  const file = (ending: string): string => path.join(folder, `${clip}.${ending}`);
  const files = ['--clip', file('mp4'), '--truth', file('json'), '--report', report];
  return onOneCore(core, python, [script, ...files, '--detector', detector]);
}

async function benchmarkDetector(settings: Settings, detector: string): Promise<Figure[]> {
  const [own, other]: Measured[][] = [[], []];
  for (let round = 0; round < settings.rounds; round++) {
    own.push(await ours(settings, detector));
    other.push(await peer(settings, detector));
  }
  const figure = (name: string, unit: string, pick: (measured: Measured) => number): Figure =>
    compared(
      { name: `CNS on one core, ${detector}, clip ${settings.repeat} times, ${name}`, unit },
      spreadOf(own.map(pick)),
      {
        name: 'Python pipeline',
        value: spreadOf(other.map(pick)),
      },
    );
  return [
    figure('decoding to velocity', 'frames/s', ({ framesPerSecond }) => framesPerSecond),
    // As frames per second, so that higher is better in every row but memory.
    figure('the same', 'frames/s of processor time', ({ processorMs }) => 1000 / processorMs),
    figure('whole job', 'frames/s', ({ jobFramesPerSecond }) => jobFramesPerSecond),
    figure('the same', 'frames/s of processor time', ({ jobProcessorMs }) => 1000 / jobProcessorMs),
    figure('matches kept', 'a frame', ({ inliers }) => inliers),
    figure('peak memory', 'MB', ({ peakMegabytes }) => peakMegabytes),
  ];
}

/**
 * Compares a CNS job with a straightforward Python pipeline (`benchmarks/peers/cns_pipeline.py`), alternating in one
 * run: same clip, detector, numbers of points and network, one core each. Both decode, detect, match, verify and run
 * the network; the whole job adds loading, the goal and the report with twelve images and a preview video of eighty
 * frames, which both write. Wall time is what users experience, but on a busy machine a side with more threads gets
 * more of a core; processor time does not have this bias. Returns nothing without `taskset` and a Python with OpenCV
 * and ONNX Runtime.
 */
export async function benchmarkPeers(options: PeerOptions = {}): Promise<Figure[]> {
  const { python = process.env.PYTHON ?? 'python3', core = 0 } = options;
  try {
    await run('taskset', ['-c', String(core), python, '-c', 'import cv2, numpy, onnxruntime']);
  } catch {
    process.stderr.write('No taskset, or no Python with OpenCV and ONNX Runtime: the peers are left out.\n');
    return [];
  }
  const folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-peer-'));
  try {
    const report = path.join(folder, 'report');
    await mkdir(report);
    const given = { clip: 'approach', repeat: 5, rounds: 3, detectors: DETECTORS, ...options };
    const settings: Settings = { ...given, python, core, folder, report };
    await repeatClip(settings.clip, settings.repeat, folder);
    const figures: Figure[] = [];
    for (const detector of settings.detectors) figures.push(...(await benchmarkDetector(settings, detector)));
    return figures;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
