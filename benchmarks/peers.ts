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

/** What to measure, and where. */
export interface PeerOptions {
  /** Names of detectors; all three by default. */
  readonly detectors?: readonly string[];
  /** Clip in `samples/`; `approach` by default. */
  readonly clip?: string;
  /** How often the clip is played in one job; 5 by default, which makes the sample clips twenty seconds long. */
  readonly repeat?: number;
  /** Rounds of ours and theirs by turns; 3 by default. */
  readonly rounds?: number;
  /** The only core that either side may use; 0 by default. */
  readonly core?: number;
  /** A Python with OpenCV and ONNX Runtime; PYTHON, else python3, by default. */
  readonly python?: string;
}

/** One run of either side. */
interface Measured {
  /** Decoding to velocity, all frames. */
  readonly framesPerSecond: number;
  /** Processor time of the same, children included. */
  readonly processorMs: number;
  /** With loading, goal and report. */
  readonly jobFramesPerSecond: number;
  readonly jobProcessorMs: number;
  /** Mean number of matches a frame that passed the geometric check. */
  readonly inliers: number;
  readonly peakMegabytes: number;
}

type Settings = Required<PeerOptions> & {
  /** Where the clip lies. */
  readonly folder: string;
  /** Where the peer writes its report. */
  readonly report: string;
};

/** On one core, so that neither side's threads, nor its FFmpeg, get another one. */
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
    // As frames, so that more is better in every row but memory.
    figure('the same', 'frames/s of processor time', ({ processorMs }) => 1000 / processorMs),
    figure('whole job', 'frames/s', ({ jobFramesPerSecond }) => jobFramesPerSecond),
    figure('the same', 'frames/s of processor time', ({ jobProcessorMs }) => 1000 / jobProcessorMs),
    figure('matches kept', 'a frame', ({ inliers }) => inliers),
    figure('peak memory', 'MB', ({ peakMegabytes }) => peakMegabytes),
  ];
}

/**
 * A CNS job beside a straightforward Python pipeline (`benchmarks/peers/cns_pipeline.py`), by turns in one run: same
 * clip, detector, numbers of points and network, one core each. Both decode, detect, match, check and run the network;
 * the whole job adds loading, the goal and the report with twelve images and a preview video of eighty frames, which
 * both write. Wall time is what a user waits, but on a busy machine a side with more threads is given more of a core;
 * processor time is free of that. None without `taskset` and a Python that has OpenCV and ONNX Runtime.
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
