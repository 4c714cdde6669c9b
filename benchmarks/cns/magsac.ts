/**
 * Agreement with OpenCV's USAC MAGSAC: `npm run bench:magsac`. Synthetic scenes with known truth, and matches between
 * frames of the sample clips; the same pairs are given to our geometric check and to `benchmarks/peers/magsac.py`
 * (Python with opencv-python-headless; PYTHON sets the interpreter, default python3). Prints the Jaccard index of both
 * inlier sets, and of each with the truth where it is known.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createFeaturePipeline } from '../../src/servoing/features/detectors/registry.js';
import { selectGoalFeatures } from '../../src/vision/features/goal-selection.js';
import { verifyGeometry } from '../../src/vision/geometry/two-view/verify-geometry.js';
import { matchFeatures } from '../../src/vision/features/matcher.js';
import type { Features } from '../../src/vision/features/types.js';
import { locateFfmpeg } from '../../src/media/ffmpeg-locate.js';
import { openFrameStream } from '../../src/media/frame-stream.js';
import { probeVideo } from '../../src/media/probe.js';
import {
  jaccard,
  makeTwoViews,
  type SceneOptions,
} from '../../tests/unit/vision/geometry/two-view-scenes.js';
import type { ClipTruth } from '../../scripts/render/clip-truth.js';
import { ROOT } from './run-clip.js';
import { markdownTable } from '../statistics.js';

/** Pairs of points; `truth` where it is known. */
interface Case {
  readonly name: string;
  readonly goal: Float32Array;
  readonly current: Float32Array;
  readonly truth: Uint8Array | null;
  readonly distances?: Float32Array;
}

const THRESHOLD = 1.5;
const SEEDS = [1, 2, 3];

function syntheticCases(): Case[] {
  const kinds: readonly (Pick<SceneOptions, 'shape' | 'motion'> & { readonly name: string })[] = [
    { name: 'depth', shape: 'depth', motion: 'general' },
    { name: 'plane', shape: 'plane', motion: 'general' },
    { name: 'turn', shape: 'depth', motion: 'rotation' },
  ];
  return kinds.flatMap(({ name, ...kind }) =>
    [0.1, 0.3, 0.5, 0.7].flatMap((wrong) =>
      SEEDS.map((seed) => {
        const views = makeTwoViews({ pairs: 400, noise: 0.3, wrong, seed: 100 * seed + 7, ...kind });
        return { name: `${name}, ${100 * wrong} % wrong`, ...views };
      }),
    ),
  );
}

async function frameOf(clip: string, index: number) {
  const file = path.join(ROOT, 'samples', `${clip}.mp4`);
  const tools = await locateFfmpeg();
  const probe = await probeVideo(file, { tools, limits: { maxPixels: 1e7, maxFrames: 1e5 } });
  const plan = { start: index, end: index + 1, step: 1 };
  const stream = openFrameStream({ path: file, probe, plan, workingSize: probe, format: 'gray', tools });
  for await (const { data } of stream) return { width: probe.width, height: probe.height, data };
  throw new Error(`${clip} has no frame ${index}`);
}

/** Matches of the goal frame with earlier frames. */
async function clipCases(): Promise<Case[]> {
  const cases: Case[] = [];
  const detector = await createFeaturePipeline('ORB', { modelsDirectory: path.join(ROOT, 'models') });
  try {
    for (const clip of ['approach', 'hard-start']) {
      const json = await readFile(path.join(ROOT, 'samples', `${clip}.json`), 'utf8');
      const goalImage = await frameOf(clip, (JSON.parse(json) as ClipTruth).goalFrame);
      const goal = selectGoalFeatures(await detector.detect(goalImage), goalImage);
      for (const index of [20, 50, 70]) {
        const frame = await detector.detect(await frameOf(clip, index));
        cases.push({ name: `${clip}, frame ${index}, ORB`, truth: null, ...pairUp(goal, frame) });
      }
    }
  } finally {
    await detector.close();
  }
  return cases;
}

function pairUp(goal: Features, frame: Features): Pick<Case, 'goal' | 'current' | 'distances'> {
  const matches = matchFeatures(goal, frame);
  const pick = (points: Float32Array, rows: Int32Array): Float32Array =>
    Float32Array.from({ length: 2 * rows.length }, (_, k) => points[2 * rows[k >> 1] + (k & 1)]);
  return {
    goal: pick(goal.points, matches.goalIndex),
    current: pick(frame.points, matches.currentIndex),
    distances: matches.distances,
  };
}

interface PeerAnswer {
  readonly inliers: readonly number[];
  readonly milliseconds: number;
}

/** Runs the Python script on all cases in one process. */
function askPeer(questions: readonly object[]): Promise<PeerAnswer[]> {
  return new Promise((resolve, reject) => {
    const script = path.join(ROOT, 'benchmarks', 'peers', 'magsac.py');
    const options = { maxBuffer: 1e9 };
    const child = execFile(process.env.PYTHON ?? 'python3', [script], options, (error, stdout) => {
      if (error) reject(new Error(error.message, { cause: error }));
      else
        resolve(
          stdout
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as PeerAnswer),
        );
    });
    child.stdin?.end(questions.map((question) => `${JSON.stringify(question)}\n`).join(''));
  });
}

const asPoints = (flat: Float32Array): number[][] =>
  Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);

const cases = [...syntheticCases(), ...(await clipCases())];
const ours = cases.map(({ goal, current, distances }) => {
  const start = performance.now();
  const result = verifyGeometry(goal, current, { distances, threshold: THRESHOLD });
  return { result, milliseconds: performance.now() - start };
});
const peers = await askPeer(
  cases.map(({ name, goal, current }, k) => {
    const model = ours[k].result.model === 'homography' ? 'homography' : 'fundamental';
    // The peer measures the error in one image, ours in both: the same noise is sqrt(2) times as long in the peer.
    const threshold = THRESHOLD * Math.SQRT2 * (model === 'homography' ? 2.448 / 1.96 : 1);
    return { name, model, threshold, goal: asPoints(goal), current: asPoints(current) };
  }),
);
const names = [...new Set(cases.map(({ name }) => name))];
const rows = names.map((name) => {
  const own = cases.map((_, k) => k).filter((k) => cases[k].name === name);
  const least = (values: readonly number[]): number => Math.min(...values);
  const mask = (k: number): Uint8Array => Uint8Array.from(peers[k].inliers);
  const withTruth = (of: (k: number) => Uint8Array): number | null => {
    const known = own.flatMap((k) => (cases[k].truth === null ? [] : [jaccard(of(k), cases[k].truth)]));
    return known.length === 0 ? null : least(known);
  };
  const agreement = least(own.map((k) => jaccard(ours[k].result.inliers, mask(k))));
  const time = (values: readonly number[]): string =>
    values.toSorted((a, b) => a - b)[values.length >> 1].toFixed(1);
  return [
    name,
    [...new Set(own.map((k) => ours[k].result.model))].join(', '),
    agreement.toFixed(3),
    withTruth((k) => ours[k].result.inliers)?.toFixed(3) ?? null,
    withTruth(mask)?.toFixed(3) ?? null,
    time(own.map((k) => ours[k].milliseconds)),
    time(own.map((k) => peers[k].milliseconds)),
  ];
});
const head = [
  'pairs',
  'our model',
  'agreement',
  'ours with truth',
  'MAGSAC with truth',
  'ours ms',
  'MAGSAC ms',
];
process.stdout.write(`Least Jaccard index of ${SEEDS.length} seeds:\n\n${markdownTable(head, rows)}\n`);
