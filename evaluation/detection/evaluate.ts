/**
 * Detection on images: `npm run eval:detection -- [FOLDER] [--python PROGRAM] [--images FOLDER] [--scenes N] [--photos
 * FOLDER] [--keep FOLDER] [--network ID]`.
 *
 * With FOLDER, which contains `yunet_n_320_320.onnx` and `ssd_mobilenetv1_025_256_stm.onnx`, the product's detectors
 * are compared with Python's onnxruntime and a decoder in numpy on drawn scenes and on the images of `--images`: boxes
 * within 1 pixel, scores within 0.001. Then the bundled detector is measured on held-out scenes: mAP at an overlap of
 * 0.5, of all objects and of those that are not tiny. Any difference, or a mAP below that of the manifest, gives exit
 * code 1.
 */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { z } from 'zod';
import { drawShapeScene, type BackgroundSource, type ShapeScene } from '../../scripts/render/shape-scene.js';
import { fitImage } from '../../src/media/fit-image.js';
import type { Detector } from '../../src/networks/detection/detector.js';
import { openDetector } from '../../src/networks/detection/open-detector.js';
import { NetworkRegistry } from '../../src/networks/runtime/network-registry.js';
import type { Image } from '../../src/vision/image/image.js';
import { askPython, ROOT } from '../../benchmarks/inpainting/python-peer.js';
import { averagePrecision, type JudgedImage } from './average-precision.js';
import { compareDetections, peerAnswer, TOLERANCE, type Comparison } from './compare.js';
import { DUPLICATE, openPublic, PUBLIC_NETWORKS, THRESHOLD } from './public-networks.js';

/** First seed of the held-out scenes; those compared with Python have lower seeds. */
const FIRST_SEED = 7_000_000;
const SEED_STEP = 10;
const COMPARED_SCENES = 8;
const MIN_OVERLAP = 0.5;
/** Longest side, in pixels, below which objects are tiny. */
const TINY = 16;
/** Tolerance below the mAP of the manifest: runs on other or fewer scenes vary. */
const SHORTFALL = 0.01;
/** Minimum score considered for the precision. */
const MIN_SCORE = 0.01;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: 'string', default: 'python3' },
    images: { type: 'string' },
    photos: { type: 'string' },
    scenes: { type: 'string', default: '300' },
    keep: { type: 'string' },
    network: { type: 'string', default: 'shapes_detection' },
  },
});

async function imagesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names
    .filter((name) => /\.(png|jpe?g|webp)$/i.test(name))
    .sort()
    .map((name) => path.join(folder, name));
}

async function readImage(file: string): Promise<Image> {
  const image = sharp(file).autoOrient().removeAlpha().toColourspace('srgb');
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

const writePng = ({ width, height, data }: Image, file: string): Promise<unknown> =>
  sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(file);

/** The images for both sides, as PNG so that both decode identical pixels. */
async function comparedImages(folder: string): Promise<{ images: Image[]; files: string[] }> {
  const drawn = Array.from({ length: COMPARED_SCENES }, (_, i) => drawShapeScene(i + 1));
  const given = values.images === undefined ? [] : await imagesIn(values.images);
  const images = [...drawn, ...(await Promise.all(given.map(readImage)))];
  const files = images.map((_, i) => path.join(folder, `${String(i)}.png`));
  await Promise.all(images.map((image, i) => writePng(image, files[i])));
  return { images, files };
}

/** Whether both networks give the same results as in Python. */
async function compareWithPython(folder: string): Promise<boolean> {
  const exchange = await mkdtemp(path.join(tmpdir(), 'infernode-detection-'));
  try {
    const { images, files } = await comparedImages(exchange);
    const networks = PUBLIC_NETWORKS.map(({ file, decoder, labels }) => ({
      file: path.resolve(folder, file),
      decoder,
      labels,
      threshold: THRESHOLD,
      iou: DUPLICATE,
    }));
    const answer = peerAnswer.parse(
      await askPython(values.python, 'evaluation/peers/detection.py', { networks, images: files }),
    );
    let same = true;
    for (const [index, network] of PUBLIC_NETWORKS.entries()) {
      const detector = await openPublic(folder, network);
      const comparisons: Comparison[] = [];
      for (const [i, image] of images.entries()) {
        comparisons.push(compareDetections(await detector.detect(image), answer[index][i], THRESHOLD));
      }
      same = report(network.file, comparisons) && same;
    }
    return same;
  } finally {
    await rm(exchange, { recursive: true, force: true });
  }
}

function report(file: string, comparisons: readonly Comparison[]): boolean {
  const pairs = comparisons.reduce((sum, one) => sum + one.pairs, 0);
  const alone = comparisons.reduce((sum, one) => sum + one.alone, 0);
  const pixels = Math.max(...comparisons.map(({ largestPixels }) => largestPixels));
  const score = Math.max(...comparisons.map(({ largestScore }) => largestScore));
  const same = alone === 0 && pairs > 0 && pixels <= TOLERANCE.pixels && score <= TOLERANCE.score;
  process.stdout.write(
    `${file}: ${String(comparisons.length)} images, ${String(pairs)} boxes on both sides, ${String(alone)} on one side only; ` +
      `largest difference ${pixels.toExponential(1)} pixels, score ${score.toExponential(1)}: ${same ? 'same' : 'DIFFERENT'}\n`,
  );
  return same;
}

/** Crops of photographs as backgrounds. */
async function photoBackgrounds(folder: string): Promise<BackgroundSource> {
  const photos = await Promise.all((await imagesIn(folder)).map(readImage));
  const usable = photos.filter(({ width, height }) => width >= 320 && height >= 320);
  return (random, { width, height }) => {
    const photo = random.pick(usable);
    const [left, top] = [random.index(photo.width - width + 1), random.index(photo.height - height + 1)];
    const part = new Uint8ClampedArray(width * height * 3);
    for (let row = 0; row < height; row++) {
      const start = ((top + row) * photo.width + left) * 3;
      part.set(photo.data.subarray(start, start + width * 3), row * width * 3);
    }
    return part;
  };
}

async function judgeScenes(detector: Detector, scenes: readonly ShapeScene[]): Promise<JudgedImage[]> {
  const judged: JudgedImage[] = [];
  for (const scene of scenes) {
    judged.push({ truth: scene.objects, found: await detector.detect(scene, { threshold: MIN_SCORE }) });
  }
  return judged;
}

async function keepScenes(folder: string, scenes: readonly ShapeScene[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const truth = scenes.map(({ width, height, objects }, i) => ({
    file: `${String(i)}.png`,
    width,
    height,
    objects,
  }));
  await Promise.all(scenes.map((scene, i) => writePng(scene, path.join(folder, truth[i].file))));
  await writeFile(path.join(folder, 'truth.json'), JSON.stringify(truth));
}

const figures = z.looseObject({ figures: z.array(z.looseObject({ value: z.number() })).min(1) });

/** Whether the detector reaches the mAP of its manifest, which only applies to drawn backgrounds. */
async function measure(name: string, background?: BackgroundSource): Promise<boolean> {
  const seeds = Array.from({ length: Number(values.scenes) }, (_, i) => FIRST_SEED + SEED_STEP * i);
  const scenes = seeds.map((seed) => drawShapeScene(seed, background));
  if (values.keep !== undefined) await keepScenes(path.join(values.keep, name), scenes);
  const registry = new NetworkRegistry({ folder: path.join(ROOT, 'models') });
  const { detector, lease } = await openDetector(
    registry,
    { device: 'cpu' },
    { id: values.network, fit: fitImage },
  );
  try {
    const judged = await judgeScenes(detector, scenes);
    const { mean, labels } = averagePrecision(judged, { leastOverlap: MIN_OVERLAP });
    const larger = averagePrecision(judged, { leastOverlap: MIN_OVERLAP, leastSide: TINY }).mean;
    const objects = scenes.reduce((sum, scene) => sum + scene.objects.length, 0);
    const byLabel = Object.entries(labels).map(([label, value]) => `${label} ${value.toFixed(3)}`);
    process.stdout.write(
      `${values.network}, ${String(scenes.length)} scenes on ${name}, ${String(objects)} objects: mAP50 ${mean.toFixed(4)}, from ${String(TINY)} pixels on ${larger.toFixed(4)} (${byLabel.join(', ')})\n`,
    );
    const [said] = figures.parse(await registry.folder.manifest(values.network)).figures;
    return background !== undefined || mean >= said.value - SHORTFALL;
  } finally {
    lease.release();
    await registry.close();
  }
}

const [folder] = positionals;
const results = [
  folder === undefined || (await compareWithPython(folder)),
  await measure('drawn grounds'),
  values.photos === undefined || (await measure('photographs', await photoBackgrounds(values.photos))),
];
if (results.includes(false)) process.exitCode = 1;
