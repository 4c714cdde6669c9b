import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './cns/run-clip.js';
import { compared, spreadOf, type Figure } from './statistics.js';

const run = promisify(execFile);
const CLIP = 'approach';
const ROUNDS = 3;
const DETECTORS = ['SIFT', 'ORB', 'AKAZE'] as const;

interface Measured {
  readonly framesPerSecond: number;
  readonly peakMegabytes: number;
}

interface PeerMeasured extends Measured {
  /** Mean number of matches a frame that passed the geometric check. */
  readonly inliers: number;
}

/** On the first core only, so that neither side's threads, nor its FFmpeg, get another one. */
async function onOneCore<Result extends Measured>(command: string, ...rest: string[]): Promise<Result> {
  const { stdout } = await run('taskset', ['-c', '0', command, ...rest]);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Result;
}

const ours = (detector: string): Promise<PeerMeasured> => {
  const script = path.join(ROOT, 'dist', 'benchmarks', 'cns', 'one-core.js');
  return onOneCore(process.execPath, script, '--detector', detector, '--clip', CLIP);
};

function peer(python: string, detector: string): Promise<PeerMeasured> {
  const script = path.join(ROOT, 'benchmarks', 'peers', 'cns_pipeline.py');
  const sample = (ending: string): string => path.join(ROOT, 'samples', `${CLIP}.${ending}`);
  const files = ['--clip', sample('mp4'), '--truth', sample('json')];
  return onOneCore(python, script, ...files, '--detector', detector);
}

async function benchmarkDetector(python: string, detector: string): Promise<Figure[]> {
  const [own, other]: PeerMeasured[][] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    own.push(await ours(detector));
    other.push(await peer(python, detector));
  }
  const figure = (name: string, unit: string, pick: (measured: PeerMeasured) => number): Figure =>
    compared(`CNS on one core, ${detector}, ${name}`, unit, spreadOf(own.map(pick)), {
      name: 'Python pipeline',
      value: spreadOf(other.map(pick)),
    });
  return [
    figure('frames', 'frames/s', ({ framesPerSecond }) => framesPerSecond),
    figure('matches kept', 'a frame', ({ inliers }) => inliers),
    figure('peak memory', 'MB', ({ peakMegabytes }) => peakMegabytes),
  ];
}

/**
 * The frame stage of a CNS job beside a straightforward Python pipeline (`benchmarks/peers/cns_pipeline.py`), by turns in
 * one run: same clip, detector, numbers of points and network, one core each, decoding included. None without `taskset`
 * and a Python (PYTHON, else python3) that has OpenCV and ONNX Runtime.
 */
export async function benchmarkPeers(python = process.env.PYTHON ?? 'python3'): Promise<Figure[]> {
  try {
    await run('taskset', ['-c', '0', python, '-c', 'import cv2, numpy, onnxruntime']);
  } catch {
    process.stderr.write('No taskset, or no Python with OpenCV and ONNX Runtime: the peers are left out.\n');
    return [];
  }
  const figures: Figure[] = [];
  for (const detector of DETECTORS) figures.push(...(await benchmarkDetector(python, detector)));
  return figures;
}
