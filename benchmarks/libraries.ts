import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import sharp from 'sharp';
import type { ImageShape, JpegDecoderName } from '../src/domain/preprocessing.js';
import { decodeImage } from '../src/media/image-decoder.js';
import { createSeededRandom } from '../src/vision/geometry/two-view/seeded-random.js';
import { smallestEigenvector } from '../src/vision/geometry/two-view/symmetric-eigen.js';
import { compared, spreadOf, type Figure, type Spread } from './statistics.js';

const ROUNDS = 5;
const WARM_MS = 300;
const ROUND_MS = 500;
/** Unknowns of a fundamental matrix and of a homography. */
const SIZE = 9;
const EQUATIONS = 16;
const NOISE = 0.01;
const WIDTHS = [640, 1920];
const LIMITS = { maxBytes: 2 ** 24, maxPixels: 2 ** 24, maxSide: 2 ** 14, timeoutSeconds: 10 };
const SHAPE: ImageShape = {
  width: 224,
  height: 224,
  channels: 3,
  resize: { rule: 'stretch' },
  interpolation: 'bilinear',
  background: [0, 0, 0],
};

/** Compares hand-written code with libraries that could replace it, alternating in one process. */
export async function benchmarkLibraries(): Promise<Figure[]> {
  const figures = [await eigenvectors()];
  for (const width of WIDTHS) figures.push(await jpegs(width));
  return figures;
}

/** Time of two alternatives in milliseconds, in alternating rounds. */
async function timesOf(
  works: readonly [() => void | Promise<void>, () => void | Promise<void>],
): Promise<readonly [Spread, Spread]> {
  const times: readonly [number[], number[]] = [[], []];
  for (const work of works) await timeOf(work, WARM_MS);
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [index, work] of works.entries()) times[index].push(await timeOf(work, ROUND_MS));
  return [spreadOf(times[0]), spreadOf(times[1])];
}

async function timeOf(work: () => void | Promise<void>, enoughMs: number): Promise<number> {
  const startedAt = performance.now();
  let count = 0;
  while (performance.now() - startedAt < enoughMs) {
    await work();
    count += 1;
  }
  return (performance.now() - startedAt) / count;
}

/**
 * The step taken by every two-view hypothesis, for nearly consistent equations, as those of true matches are; a
 * thousand per measurement, so that the loop overhead is negligible.
 */
async function eigenvectors(): Promise<Figure> {
  const random = createSeededRandom(1);
  const rows = Array.from({ length: EQUATIONS }, () => {
    const row = Array.from({ length: SIZE }, () => random() - 0.5);
    // The solution is a vector of ones.
    const mean = row.reduce((sum, value) => sum + value) / SIZE;
    return row.map((value) => value - mean + NOISE * (random() - 0.5));
  });
  const gram = new Matrix(rows).transpose().mmul(new Matrix(rows));
  const flat = Float64Array.from(gram.to1DArray());
  const [ours, theirs] = await timesOf([
    () => {
      for (let count = 0; count < 1000; count += 1) smallestEigenvector(flat.slice(), SIZE);
    },
    () => {
      for (let count = 0; count < 1000; count += 1)
        new EigenvalueDecomposition(gram, { assumeSymmetric: true }).eigenvectorMatrix.getColumn(0);
    },
  ]);
  const name = 'smallest eigenvector, 9 x 9, a thousand times';
  return compared({ name, unit: 'ms' }, ours, { name: 'ml-matrix', value: theirs });
}

async function jpegs(width: number): Promise<Figure> {
  const height = (width * 3) / 4;
  const random = createSeededRandom(2);
  const coarse = Buffer.from(Array.from({ length: 40 * 30 * 3 }, () => Math.floor(random() * 256)));
  const jpeg = await sharp(coarse, { raw: { width: 40, height: 30, channels: 3 } })
    .resize(width, height, { kernel: 'cubic' })
    .jpeg({ quality: 85 })
    .toBuffer();
  const by = (jpegDecoder: JpegDecoderName) => async () =>
    void (await decodeImage(jpeg, SHAPE, { ...LIMITS, jpegDecoder }));
  const [ours, theirs] = await timesOf([by('webassembly'), by('sharp')]);
  const name = `JPEG of ${String(width)} x ${String(height)} to 224 x 224`;
  return compared({ name, unit: 'ms' }, ours, { name: 'sharp', value: theirs });
}
