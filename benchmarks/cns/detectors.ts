/**
 * Compares detectors: `npm run bench:detectors -- [--clip FILE]... [--distance 10] [--pairs 6] [--network FILE
 * --manifest FILE]`. For pairs of frames of every clip: key points, matches, matches that agree with one rigid motion,
 * and milliseconds per image on one thread, alternating between detectors. `--network` adds a keypoint network by its
 * ONNX file and a manifest without `files`, as an operator would install it; `benchmarks/cns/xfeat.manifest.json` is an
 * example.
 */
import { createHash } from 'node:crypto';
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { checkCorrespondences } from '../../src/vision/features/correspondences.js';
import { availableDetectors, createFeaturePipeline } from '../../src/servoing/features/detectors/registry.js';
import { openFeatureMatcher } from '../../src/servoing/features/feature-matcher.js';
import type { Features } from '../../src/vision/features/types.js';
import { locateFfmpeg } from '../../src/media/ffmpeg-locate.js';
import { workingSizeOf } from '../../src/media/frame-plan.js';
import { openFrameStream } from '../../src/media/frame-stream.js';
import { probeVideo } from '../../src/media/probe.js';
import { ROOT } from './run-clip.js';
import { markdownTable, medianOf } from '../statistics.js';
import type { Image } from '../../src/vision/image/image.js';

const { values: flags } = parseArgs({
  options: {
    clip: { type: 'string', multiple: true, default: [path.join(ROOT, 'samples', 'approach.mp4')] },
    distance: { type: 'string', default: '10' },
    pairs: { type: 'string', default: '6' },
    network: { type: 'string' },
    manifest: { type: 'string' },
  },
});
const [distance, pairs] = [Number(flags.distance), Number(flags.pairs)];
const LIMITS = { maxPixels: 8192 * 8192, maxFrames: 1_000_000 };

/** Creates a models folder with the bundled networks and the added one. */
async function modelsFolder(folder: string): Promise<string> {
  await cp(path.join(ROOT, 'models'), folder, { recursive: true });
  if (flags.network === undefined || flags.manifest === undefined) return folder;
  const manifest = JSON.parse(await readFile(flags.manifest, 'utf8')) as { id: string };
  const content = await readFile(flags.network);
  const sha256 = createHash('sha256').update(content).digest('hex');
  const files = { detector: { path: 'detector.onnx', sha256, bytes: content.length } };
  const own = path.join(folder, manifest.id);
  await mkdir(own, { recursive: true });
  await copyFile(flags.network, path.join(own, 'detector.onnx'));
  await writeFile(path.join(own, 'manifest.json'), JSON.stringify({ ...manifest, files }));
  return folder;
}

/** All frame pairs, grey, with a long side of 640. */
async function readPairs(clip: string): Promise<[Image, Image][]> {
  const tools = await locateFfmpeg();
  const probe = await probeVideo(clip, { tools, limits: LIMITS });
  const workingSize = workingSizeOf(probe, 640);
  const plan = { start: 0, end: probe.frameCount, step: 1 };
  const stream = openFrameStream({ path: clip, probe, plan, workingSize, format: 'gray', tools });
  const last = probe.frameCount - 1 - distance;
  const starts = Array.from({ length: pairs }, (_, k) => Math.round((k * last) / Math.max(1, pairs - 1)));
  const wanted = new Set(starts.flatMap((start) => [start, start + distance]));
  const kept = new Map<number, Image>();
  for await (const { index, data } of stream) {
    if (wanted.has(index)) kept.set(index, { ...workingSize, data: Uint8Array.from(data) });
  }
  return starts.flatMap((start) => {
    const [first, second] = [kept.get(start), kept.get(start + distance)];
    return first && second ? [[first, second] as [Image, Image]] : [];
  });
}

async function measure(name: string, modelsDirectory: string, clips: readonly [Image, Image][][]) {
  const detector = await createFeaturePipeline(name, { modelsDirectory });
  const times: number[] = [];
  const detect = async (image: Image): Promise<Features> => {
    const start = performance.now();
    const found = await detector.detect(image);
    times.push(performance.now() - start);
    return found;
  };
  try {
    const first = await detector.detect(clips[0][0][0]);
    const matcher = await openFeatureMatcher(first.descriptors.kind, modelsDirectory);
    const sums = { keypoints: 0, matches: 0, inliers: 0, count: 0 };
    for (const [goal, current] of clips.flat()) {
      const [a, b] = [await detect(goal), await detect(current)];
      const found = checkCorrespondences(a, b, (await matcher.compare(a, b)).matches());
      sums.keypoints += a.count;
      sums.matches += found.matches.count;
      sums.inliers += found.inlierCount;
      sums.count += 1;
    }
    await matcher.close();
    const mean = (sum: number): number => Math.round(sum / sums.count);
    return [
      name,
      mean(sums.keypoints),
      mean(sums.matches),
      mean(sums.inliers),
      sums.inliers / Math.max(1, sums.matches),
      medianOf(times) ?? 0,
    ];
  } finally {
    await detector.close();
  }
}

const temporary = await mkdtemp(path.join(os.tmpdir(), 'infernode-detectors-'));
try {
  const modelsDirectory = await modelsFolder(temporary);
  const clips: [Image, Image][][] = [];
  for (const clip of flags.clip) clips.push(await readPairs(path.resolve(clip)));
  const rows = [];
  for (const name of await availableDetectors(modelsDirectory))
    rows.push(await measure(name, modelsDirectory, clips));
  const head = ['detector', 'key points', 'matches', 'inliers', 'share', 'ms an image, median'];
  process.stdout.write(`${markdownTable(head, rows)}\n`);
} finally {
  await rm(temporary, { recursive: true, force: true });
}
