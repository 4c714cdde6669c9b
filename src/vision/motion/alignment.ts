import { solveLinear } from '../geometry/linear-solver.js';
import type { Level } from './pyramid.js';
import { medianInPlace } from './median.js';
import { compose, gridOf, inPixels, invert, STILL, type Warp } from './warp.js';

/** Global motion between two frames. */
export interface Alignment {
  /** Maps positions in the first frame to the second. */
  readonly warp: Warp;
  /** Mean grey difference over the inliers, 0 to 255. */
  readonly residual: number;
  /** Share of the compared pixels that follow the motion, 0 to 1. */
  readonly inliers: number;
  /** Whether both frames show the same scene. */
  readonly sameScene: boolean;
}

/** Gradient in grey levels per pixel at which subpixel motion becomes visible. */
const SHARP = 6;
/** Grey difference up to which a sharp pixel counts as unchanged. */
const SAME = 3;
/** Minimum additional share of sharp pixels that a motion must explain compared with no motion. */
const MIN_SHARP_GAIN = 0.02;

/** Minimum inlier share of two frames of the same scene. */
const MIN_INLIERS = 0.35;
/** Long side at which scenes are compared: noise and small misalignments average out at this size. */
const SCENE_SIDE = 130;
/**
 * Largest ratio of detail in the difference to detail in the first frame: about 0.1 to 0.5 for one scene, 1 or more for
 * two.
 */
const MAX_LEFTOVER = 0.75;
/** Mean gradient of the difference, in grey levels, that counts as noise in an image without detail. */
const NOISE_GRADIENT = 0.6;

const PARAMETERS = 8;
const ITERATIONS = 12;
/** Convergence limit in grid units (a hundredth of a pixel). */
const ENOUGH = 2e-5;
/** Differences beyond this multiple of the spread have no weight (Tukey's biweight). */
const TUKEY = 4.7;
/** Minimum spread in grey levels; smaller differences are noise. */
const NOISE = 1.5;

/** Normal equations of one step. */
interface Equations {
  readonly matrix: Float64Array;
  readonly vector: Float64Array;
}

/** The compared pixels of a level and their differences. */
interface Comparison {
  readonly differences: Float32Array;
  readonly pixels: Int32Array;
  readonly count: number;
}

/** Differences between the warped second frame and the first. */
function compare(from: Level, to: Level, warp: Warp, stride: number): Comparison {
  const { width, height } = from;
  const [a, b, c, d, e, f, g, h] = inPixels(warp, gridOf(from));
  const room = Math.ceil(width / stride) * Math.ceil(height / stride);
  const differences = new Float32Array(room);
  const pixels = new Int32Array(room);
  let count = 0;
  for (let y = 1; y < height - 1; y += stride) {
    for (let x = 1; x < width - 1; x += stride) {
      const pixel = y * width + x;
      if (from.hole[pixel] !== 0) continue;
      const w = g * x + h * y + 1;
      const [u, v] = [(a * x + b * y + c) / w, (d * x + e * y + f) / w];
      if (!(u >= 0 && v >= 0 && u < to.width - 1 && v < to.height - 1)) continue;
      const at = Math.floor(v) * to.width + Math.floor(u);
      const hole = to.hole[at] | to.hole[at + 1] | to.hole[at + to.width] | to.hole[at + to.width + 1];
      if (hole !== 0) continue;
      const [fx, fy] = [u - Math.floor(u), v - Math.floor(v)];
      const top = to.grey[at] * (1 - fx) + to.grey[at + 1] * fx;
      const bottom = to.grey[at + to.width] * (1 - fx) + to.grey[at + to.width + 1] * fx;
      differences[count] = top * (1 - fy) + bottom * fy - from.grey[pixel];
      pixels[count] = pixel;
      count += 1;
    }
  }
  return { differences, pixels, count };
}

/** Median and robust spread of the differences; the median absorbs brightness changes between frames. */
function statistics({ differences, count }: Comparison): { offset: number; spread: number } {
  const offset = medianInPlace(differences.slice(0, count));
  const spread = 1.4826 * medianInPlace(differences.slice(0, count).map((value) => Math.abs(value - offset)));
  return { offset, spread: Math.max(NOISE, spread) };
}

/** Weighted normal equations of the inverse compositional step (Baker and Matthews 2004). */
function equationsOf(
  from: Level,
  comparison: Comparison,
  { offset, spread }: { offset: number; spread: number },
): Equations {
  const { width } = from;
  const grid = gridOf(from);
  const matrix = new Float64Array(PARAMETERS * PARAMETERS);
  const vector = new Float64Array(PARAMETERS);
  const row = new Float64Array(PARAMETERS);
  const limit = TUKEY * spread;
  for (let index = 0; index < comparison.count; index += 1) {
    const difference = comparison.differences[index] - offset;
    const ratio = difference / limit;
    if (Math.abs(ratio) >= 1) continue;
    const weight = (1 - ratio * ratio) ** 2;
    const pixel = comparison.pixels[index];
    const x = ((pixel % width) - grid.centreX) / grid.scale;
    const y = (Math.floor(pixel / width) - grid.centreY) / grid.scale;
    const gx = ((from.grey[pixel + 1] - from.grey[pixel - 1]) / 2) * grid.scale;
    const gy = ((from.grey[pixel + width] - from.grey[pixel - width]) / 2) * grid.scale;
    const along = gx * x + gy * y;
    row[0] = gx * x;
    row[1] = gx * y;
    row[2] = gx;
    row[3] = gy * x;
    row[4] = gy * y;
    row[5] = gy;
    row[6] = -along * x;
    row[7] = -along * y;
    for (let i = 0; i < PARAMETERS; i += 1) {
      vector[i] += weight * row[i] * difference;
      for (let j = 0; j <= i; j += 1) matrix[i * PARAMETERS + j] += weight * row[i] * row[j];
    }
  }
  return { matrix, vector };
}

/** Solves with slight damping; `null` when the image does not determine the motion. */
function solve({ matrix, vector }: Equations): Float64Array | null {
  const width = PARAMETERS + 1;
  const rows = new Float64Array(PARAMETERS * width);
  for (let i = 0; i < PARAMETERS; i += 1) {
    for (let j = 0; j < PARAMETERS; j += 1)
      rows[i * width + j] = matrix[Math.max(i, j) * PARAMETERS + Math.min(i, j)];
    rows[i * width + i] *= 1 + 1e-6;
    rows[i * width + PARAMETERS] = vector[i];
  }
  const solution = new Float64Array(PARAMETERS);
  return solveLinear(rows, solution, PARAMETERS) ? solution : null;
}

function refine(from: Level, to: Level, start: Warp): Warp {
  const stride = from.width * from.height > 40_000 ? 2 : 1;
  let warp = start;
  for (let iteration = 0; iteration < ITERATIONS; iteration += 1) {
    const comparison = compare(from, to, warp, stride);
    if (comparison.count < 50) return start;
    const step = solve(equationsOf(from, comparison, statistics(comparison)));
    if (step === null) return warp;
    const [a, b, c, d, e, f, g, h] = step;
    warp = compose(warp, invert([1 + a, b, c, d, 1 + e, f, g, h, 1]));
    if (step.every((part) => Math.abs(part) < ENOUGH)) break;
  }
  return warp;
}

/** Evaluates how well a warp explains the second frame. */
function judge(from: readonly Level[], to: readonly Level[], warp: Warp): Alignment {
  const comparison = compare(from[0], to[0], warp, 2);
  const { offset } = statistics(comparison);
  const limit = 12;
  let [sum, count] = [0, 0];
  for (let index = 0; index < comparison.count; index += 1) {
    const difference = Math.abs(comparison.differences[index] - offset);
    if (difference > limit) continue;
    sum += difference;
    count += 1;
  }
  if (comparison.count < 50) return UNKNOWN;
  const inliers = count / comparison.count;
  const residual = count === 0 ? 255 : sum / count;
  return {
    warp,
    residual,
    inliers,
    sameScene: inliers >= MIN_INLIERS && hasSameDetail(from, to, warp),
  };
}

const UNKNOWN: Alignment = { warp: STILL, residual: 255, inliers: 0, sameScene: false };

/**
 * Whether both frames show the same detail. Compares gradients instead of grey values, because low-contrast images and
 * smooth gradients look alike in any scene. Between frames of one scene the detail cancels in the difference, between
 * two scenes it adds up.
 */
function hasSameDetail(from: readonly Level[], to: readonly Level[], warp: Warp): boolean {
  const fits = ({ width, height }: Level) => Math.max(width, height) <= SCENE_SIDE;
  const found = from.findIndex(fits);
  const index = Math.min(to.length, from.length, found < 0 ? from.length : found + 1) - 1;
  const level = from[index];
  const { width } = level;
  const { differences, pixels, count } = compare(level, to[index], warp, 1);
  const byPixel = new Float32Array(width * level.height).fill(NaN);
  for (let at = 0; at < count; at += 1) byPixel[pixels[at]] = differences[at];
  let [detail, leftover, steps] = [0, 0, 0];
  for (let pixel = 0; pixel + width < byPixel.length; pixel += 1) {
    for (const next of [pixel + 1, pixel + width]) {
      const step = byPixel[next] - byPixel[pixel];
      if (Number.isNaN(step)) continue;
      detail += Math.abs(level.grey[next] - level.grey[pixel]);
      leftover += Math.abs(step);
      steps += 1;
    }
  }
  return steps === 0 || leftover / steps <= NOISE_GRADIENT || leftover <= MAX_LEFTOVER * detail;
}

/**
 * Finds the homography that maps the first frame to the second by direct alignment of known pixels, from coarse to
 * fine.
 * @param guess additional start besides no motion, such as the motion of the previous frames
 */
export function align(from: readonly Level[], to: readonly Level[], guess: Warp = STILL): Alignment {
  const coarsest = Math.min(from.length, to.length) - 1;
  let best: Alignment | undefined;
  for (const start of guess === STILL ? [STILL] : [guess, STILL]) {
    let warp = start;
    for (let level = coarsest; level >= 0; level -= 1) warp = refine(from[level], to[level], warp);
    const found = judge(from, to, warp);
    if (!best || found.inliers > best.inliers) best = found;
    // A good result from the guess makes the start from no motion unnecessary.
    if (best.inliers > 0.9) break;
  }
  return best ?? UNKNOWN;
}

/**
 * Whether a static camera explains the second frame as well as a warp does. Moving objects bias every estimate slightly,
 * which would accumulate over many frames to a drifting camera.
 */
export function isStill(from: readonly Level[], to: readonly Level[], warp: Warp): boolean {
  const still = sharpShare(from[0], to[0], STILL);
  return still >= MIN_INLIERS && still >= sharpShare(from[0], to[0], warp) - MIN_SHARP_GAIN;
}

/** Share of sharp pixels that are unchanged in the warped second frame. */
function sharpShare(from: Level, to: Level, warp: Warp): number {
  const comparison = compare(from, to, warp, 1);
  const { offset } = statistics(comparison);
  const { grey, width } = from;
  let [same, sharp] = [0, 0];
  for (let index = 0; index < comparison.count; index += 1) {
    const pixel = comparison.pixels[index];
    const steep =
      Math.abs(grey[pixel + 1] - grey[pixel - 1]) + Math.abs(grey[pixel + width] - grey[pixel - width]);
    if (steep < 2 * SHARP) continue;
    sharp += 1;
    if (Math.abs(comparison.differences[index] - offset) <= SAME) same += 1;
  }
  return sharp === 0 ? 1 : same / sharp;
}
