/**
 * Oriented FAST corners and rotated binary tests (Rublee, Rabaud, Konolige, Bradski 2011). The caller controls their
 * order and parameters.
 */
import { height, setSize as setPlaneSize, stride, width } from './byte-plane';
import { largest } from './selection';

export { take } from './arena';
export {
  blur,
  columnPlanBytes,
  firstPixel,
  fromGrey,
  planColumns,
  planeBytes,
  shrink,
  strideOf,
} from './byte-plane';
export { alignPatches, cutPatch, patchBytes, searchBytes } from './orb-alignment';
export { describe, patternAt, prepareDisc } from './orb-descriptor';

const CIRCLE: i32 = 16;
/** Pixels of the FAST circle, clockwise from the top. */
const CIRCLE_X: StaticArray<i32> = [0, 1, 2, 3, 3, 3, 2, 1, 0, -1, -2, -3, -3, -3, -2, -1];
const CIRCLE_Y: StaticArray<i32> = [-3, -3, -2, -1, 0, 1, 2, 3, 3, 3, 2, 1, 0, -1, -2, -3];
/** The same as address offsets. */
const circle: usize = memory.data(4 * 16);

export function setSize(columns: i32, rows: i32): void {
  setPlaneSize(columns, rows);
  for (let k = 0; k < CIRCLE; k++) {
    const offset = unchecked(CIRCLE_Y[k]) * stride + unchecked(CIRCLE_X[k]);
    store<i32>(circle + 4 * k, offset);
  }
}

/** Pixels with the highest bit inverted, so that signed comparisons order them as unsigned values. */
function signed(at: usize): v128 {
  return v128.xor(v128.load(at), i8x16.splat(-128));
}

function onCircle(p: usize, k: i32): v128 {
  return signed(p + load<i32>(circle + 4 * k));
}

const BRIGHT: i32 = 1;
const DARK: i32 = 2;

/**
 * Quick rejection test: whether the sixteen pixels from `p` on can contain bright or dark corners. An arc of nine of
 * sixteen pixels contains two adjacent ones of any four at right angles.
 */
function mayHoldCorner(p: usize, threshold: v128): i32 {
  const turn = i8x16.splat(-128);
  const middle = v128.load(p);
  const upper = v128.xor(i8x16.add_sat_u(middle, threshold), turn);
  const lower = v128.xor(i8x16.sub_sat_u(middle, threshold), turn);
  let bright = i8x16.splat(-1);
  let dark = bright;
  for (let k = 0; k < 4; k += 2) {
    const first = onCircle(p, k);
    const second = onCircle(p, k + 4);
    const third = onCircle(p, k + 8);
    const fourth = onCircle(p, k + 12);
    const brightSides = v128.or(i8x16.gt_s(first, upper), i8x16.gt_s(third, upper));
    bright = v128.and(
      bright,
      v128.and(brightSides, v128.or(i8x16.gt_s(second, upper), i8x16.gt_s(fourth, upper))),
    );
    const darkSides = v128.or(i8x16.gt_s(lower, first), i8x16.gt_s(lower, third));
    dark = v128.and(dark, v128.and(darkSides, v128.or(i8x16.gt_s(lower, second), i8x16.gt_s(lower, fourth))));
    if (!v128.any_true(v128.or(bright, dark))) return 0;
  }
  return (v128.any_true(bright) ? BRIGHT : 0) | (v128.any_true(dark) ? DARK : 0);
}

/** Circle pixel `k` of sixteen pixels, inverted by `flip` for dark corners. */
function ring(p: usize, k: i32, flip: v128): v128 {
  return v128.xor(v128.load(p + load<i32>(circle + 4 * k)), flip);
}

/**
 * For sixteen pixels, the maximum over all arcs of nine of the minimum within the arc. Two arcs that start one pixel
 * apart share eight pixels, so eight pairs of arcs are evaluated, from minima of two, four and eight neighbours.
 */
function brightestArc(p: usize, flip: v128): v128 {
  const r0 = ring(p, 0, flip);
  const r1 = ring(p, 1, flip);
  const r2 = ring(p, 2, flip);
  const r3 = ring(p, 3, flip);
  const r4 = ring(p, 4, flip);
  const r5 = ring(p, 5, flip);
  const r6 = ring(p, 6, flip);
  const r7 = ring(p, 7, flip);
  const r8 = ring(p, 8, flip);
  const r9 = ring(p, 9, flip);
  const r10 = ring(p, 10, flip);
  const r11 = ring(p, 11, flip);
  const r12 = ring(p, 12, flip);
  const r13 = ring(p, 13, flip);
  const r14 = ring(p, 14, flip);
  const r15 = ring(p, 15, flip);
  const two1 = i8x16.min_u(r1, r2);
  const two3 = i8x16.min_u(r3, r4);
  const two5 = i8x16.min_u(r5, r6);
  const two7 = i8x16.min_u(r7, r8);
  const two9 = i8x16.min_u(r9, r10);
  const two11 = i8x16.min_u(r11, r12);
  const two13 = i8x16.min_u(r13, r14);
  const two15 = i8x16.min_u(r15, r0);
  const four1 = i8x16.min_u(two1, two3);
  const four3 = i8x16.min_u(two3, two5);
  const four5 = i8x16.min_u(two5, two7);
  const four7 = i8x16.min_u(two7, two9);
  const four9 = i8x16.min_u(two9, two11);
  const four11 = i8x16.min_u(two11, two13);
  const four13 = i8x16.min_u(two13, two15);
  const four15 = i8x16.min_u(two15, two1);
  let most = i8x16.splat(0);
  most = i8x16.max_u(most, ofPair(i8x16.min_u(four1, four5), r0, r9));
  most = i8x16.max_u(most, ofPair(i8x16.min_u(four3, four7), r2, r11));
  most = i8x16.max_u(most, ofPair(i8x16.min_u(four5, four9), r4, r13));
  most = i8x16.max_u(most, ofPair(i8x16.min_u(four7, four11), r6, r15));
  most = i8x16.max_u(most, ofPair(i8x16.min_u(four9, four13), r8, r1));
  most = i8x16.max_u(most, ofPair(i8x16.min_u(four11, four15), r10, r3));
  most = i8x16.max_u(most, ofPair(i8x16.min_u(four13, four1), r12, r5));
  most = i8x16.max_u(most, ofPair(i8x16.min_u(four15, four3), r14, r7));
  return most;
}

/** Maximum over the two arcs of nine that contain these eight pixels. */
function ofPair(eight: v128, before: v128, after: v128): v128 {
  return i8x16.min_u(eight, i8x16.max_u(before, after));
}

/** For sixteen pixels, the largest thresholds at which they are still corners of the given kinds, minus one. */
function cornerScores(p: usize, kinds: i32): v128 {
  const middle = v128.load(p);
  let scores = i8x16.splat(0);
  if (kinds & BRIGHT) scores = i8x16.sub_sat_u(brightestArc(p, scores), middle);
  if (kinds & DARK) {
    const flip = i8x16.splat(-1);
    scores = i8x16.max_u(scores, i8x16.sub_sat_u(brightestArc(p, flip), v128.xor(middle, flip)));
  }
  return scores;
}

/** Floats per corner: column and row, both to a fraction of a pixel, response. */
const CORNER_FLOATS: i32 = 3;
/** Multiple of the requested corners, the strongest by FAST score, for which a Harris response is computed. */
const SURPLUS: i32 = 2;
/** Number of corners per score. */
const histogram: usize = memory.data(4 * 256);

/**
 * Writes the `quota` strongest corners that are maxima of their 3x3 neighbourhood, at least `margin` pixels from the
 * edge, from top to bottom. Rounded positions are those of their pixels.
 * @param scores a scratch plane
 * @returns the number of corners
 */
export function findCorners(
  plane: usize,
  scores: usize,
  threshold: i32,
  margin: i32,
  quota: i32,
  out: usize,
): i32 {
  // One more pixel on each side, so that the outermost corners have scored neighbours.
  const edge = margin - 1;
  const level = i8x16.splat(<i8>threshold);
  const none = i8x16.splat(0);
  for (let y = edge; y < height - edge; y++) {
    memory.fill(scores + y * stride, 0, width);
    for (let x = edge; x < width - edge; x += 16) {
      const at = y * stride + x;
      const kinds = mayHoldCorner(plane + at, level);
      if (kinds == 0) continue;
      const sixteen = cornerScores(plane + at, kinds);
      v128.store(scores + at, v128.and(sixteen, i8x16.gt_u(sixteen, level)));
    }
    // The last vector may extend beyond the edge.
    v128.store(scores + y * stride + width - edge, none);
  }
  const found = collect(scores, margin, out);
  const count = respond(plane, found, lowestScore(SURPLUS * quota), out);
  const kept = keepStrongest(out, count, quota);
  refine(scores, kept, out);
  return kept;
}

/**
 * Writes column, row and score of every local maximum of the scores, at most {@link MAX_CORNERS}. @returns their number
 */
function collect(scores: usize, margin: i32, out: usize): i32 {
  const zero = i8x16.splat(0);
  memory.fill(histogram, 0, 4 * 256);
  let count = 0;
  for (let y = margin; y < height - margin; y++) {
    for (let x = margin; x < width - margin; x += 16) {
      const at = y * stride + x;
      const here = v128.load(scores + at);
      if (!v128.any_true(here)) continue;
      let peak = i8x16.gt_u(
        here,
        i8x16.max_u(v128.load(scores + at - 1), v128.load(scores + at - stride - 1)),
      );
      peak = v128.and(
        peak,
        i8x16.gt_u(here, i8x16.max_u(v128.load(scores + at - stride), v128.load(scores + at - stride + 1))),
      );
      peak = v128.and(
        peak,
        i8x16.ge_u(here, i8x16.max_u(v128.load(scores + at + 1), v128.load(scores + at + stride - 1))),
      );
      peak = v128.and(
        peak,
        i8x16.ge_u(here, i8x16.max_u(v128.load(scores + at + stride), v128.load(scores + at + stride + 1))),
      );
      let lanes = i8x16.bitmask(v128.and(peak, i8x16.gt_u(here, zero)));
      while (lanes != 0) {
        const lane = ctz(lanes);
        lanes &= lanes - 1;
        if (x + lane >= width - margin || count >= MAX_CORNERS) break;
        const score = load<u8>(scores + at + lane);
        const corner = out + 4 * CORNER_FLOATS * count++;
        store<f32>(corner, <f32>(x + lane));
        store<f32>(corner, <f32>y, 4);
        store<f32>(corner, <f32>score, 8);
        const seen = histogram + 4 * <usize>score;
        store<i32>(seen, load<i32>(seen) + 1);
      }
    }
  }
  return count;
}

/** The highest score reached by at least `wanted` corners; 0 if there are fewer. */
function lowestScore(wanted: i32): i32 {
  let count = 0;
  for (let score = 255; score > 0; score--) {
    count += load<i32>(histogram + 4 * score);
    if (count >= wanted) return score;
  }
  return 0;
}

/**
 * Keeps the corners with at least the score `lowest` and replaces their score by the Harris response. @returns their
 * number
 */
function respond(plane: usize, count: i32, lowest: i32, corners: usize): i32 {
  let kept = 0;
  for (let k = 0; k < count; k++) {
    const corner = corners + 4 * CORNER_FLOATS * k;
    if (load<f32>(corner, 8) < <f32>lowest) continue;
    const target = corners + 4 * CORNER_FLOATS * kept++;
    const column = load<f32>(corner);
    const row = load<f32>(corner, 4);
    store<f32>(target, column);
    store<f32>(target, row, 4);
    store<f32>(target, harris(plane + <i32>row * stride + <i32>column), 8);
  }
  return kept;
}

const HARRIS_K: f32 = 0.04;
/** Scale from Sobel sums over a block of 7x7 pixels to mean derivatives. */
const HARRIS_SCALE: f32 = 1.0 / (4.0 * 7.0 * 255.0);

/** Harris response of a block of 7x7 pixels. */
function harris(p: usize): f32 {
  // Eight columns are loaded, seven are used.
  const seven = i16x8(-1, -1, -1, -1, -1, -1, -1, 0);
  let xx = i32x4.splat(0);
  let yy = i32x4.splat(0);
  let xy = i32x4.splat(0);
  for (let row = p - 3 * stride - 3; row <= p + 3 * stride - 3; row += stride) {
    const upperLeft = v128.load8x8_u(row - stride - 1);
    const upperRight = v128.load8x8_u(row - stride + 1);
    const lowerLeft = v128.load8x8_u(row + stride - 1);
    const lowerRight = v128.load8x8_u(row + stride + 1);
    const across = i16x8.sub(v128.load8x8_u(row + 1), v128.load8x8_u(row - 1));
    const down = i16x8.sub(v128.load8x8_u(row + stride), v128.load8x8_u(row - stride));
    const falling = i16x8.sub(lowerRight, upperLeft);
    const rising = i16x8.sub(upperRight, lowerLeft);
    const dx = v128.and(seven, i16x8.add(i16x8.add(falling, rising), i16x8.add(across, across)));
    const dy = v128.and(seven, i16x8.add(i16x8.sub(falling, rising), i16x8.add(down, down)));
    xx = i32x4.add(xx, i32x4.dot_i16x8_s(dx, dx));
    yy = i32x4.add(yy, i32x4.dot_i16x8_s(dy, dy));
    xy = i32x4.add(xy, i32x4.dot_i16x8_s(dx, dy));
  }
  const a = total(xx) * HARRIS_SCALE * HARRIS_SCALE;
  const b = total(yy) * HARRIS_SCALE * HARRIS_SCALE;
  const c = total(xy) * HARRIS_SCALE * HARRIS_SCALE;
  return a * b - c * c - HARRIS_K * (a + b) * (a + b);
}

function total(four: v128): f32 {
  const sum =
    i32x4.extract_lane(four, 0) +
    i32x4.extract_lane(four, 1) +
    i32x4.extract_lane(four, 2) +
    i32x4.extract_lane(four, 3);
  return <f32>sum;
}

/** Maximum number of candidate corners of a level. */
const MAX_CORNERS: i32 = 32768;
/** Scratch memory for the selection by response. */
const responses: usize = memory.data(4 * 32768);

/** Bytes that {@link findCorners} may write. */
export function cornerBytes(): i32 {
  return 4 * CORNER_FLOATS * MAX_CORNERS;
}

/** Keeps the `quota` strongest corners in their order. @returns their number */
function keepStrongest(corners: usize, count: i32, quota: i32): i32 {
  if (count <= quota) return count;
  for (let k = 0; k < count; k++) store<f32>(responses + 4 * k, load<f32>(corners + 12 * k, 8));
  const weakest = largest(responses, count, quota);
  let kept = 0;
  for (let k = 0; k < count && kept < quota; k++) {
    if (load<f32>(corners + 12 * k, 8) < weakest) continue;
    memory.copy(corners + 12 * kept, corners + 12 * k, 12);
    kept++;
  }
  return kept;
}

/** Moves every corner to the maximum of the parabolas through its score and those of its neighbours. */
function refine(scores: usize, count: i32, corners: usize): void {
  for (let corner = corners; corner < corners + 12 * <usize>count; corner += 12) {
    const column = load<f32>(corner);
    const row = load<f32>(corner, 4);
    const at = scores + <i32>row * stride + <i32>column;
    store<f32>(corner, column + summit(at, 1));
    store<f32>(corner, row + summit(at, stride), 4);
  }
}

/** A summit halfway between two pixels would round to the wrong one. */
const MOST_OFFSET: f32 = 0.499;

/** Offset of the maximum of the parabola through the scores of a corner and of the pixels `step` before and after it. */
function summit(at: usize, step: i32): f32 {
  const before = <i32>load<u8>(at - step);
  const after = <i32>load<u8>(at + step);
  // At least 1: a corner's score is above that of the pixel before and not below that of the pixel after it.
  const bend = 2 * <i32>load<u8>(at) - before - after;
  const offset = (<f32>(after - before) * 0.5) / <f32>bend;
  return min<f32>(offset, MOST_OFFSET);
}
