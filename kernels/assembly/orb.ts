/**
 * Oriented FAST corners and rotated binary tests (Rublee, Rabaud, Konolige, Bradski 2011). What order these run in, and
 * with which numbers, is said by the caller.
 */
import { height, setSize as setPlaneSize, stride, width } from './byte-plane';

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
export {
  describe,
  orient,
  orientationCosine,
  orientationSine,
  patternAt,
  prepareDisc,
} from './orb-descriptor';

const CIRCLE: i32 = 16;
/** Pixels of the circle around a pixel, clockwise from above. */
const CIRCLE_X: StaticArray<i32> = [0, 1, 2, 3, 3, 3, 2, 1, 0, -1, -2, -3, -3, -3, -2, -1];
const CIRCLE_Y: StaticArray<i32> = [-3, -3, -2, -1, 0, 1, 2, 3, 3, 3, 2, 1, 0, -1, -2, -3];
/** The same as distances in memory, the first half of it once more at the end. */
const circle: usize = memory.data(4 * 25);
/** A corner has this many neighbouring pixels of the circle that are all brighter, or all darker. */
const ARC: i32 = 9;

export function setSize(columns: i32, rows: i32): void {
  setPlaneSize(columns, rows);
  for (let k = 0; k < CIRCLE + ARC; k++) {
    const offset = unchecked(CIRCLE_Y[k & 15]) * stride + unchecked(CIRCLE_X[k & 15]);
    store<i32>(circle + 4 * k, offset);
  }
}

/** Pixels with the sign of their highest bit turned: comparisons with sign then order them as without. */
function signed(at: usize): v128 {
  return v128.xor(v128.load(at), i8x16.splat(-128));
}

function onCircle(p: usize, k: i32): v128 {
  return signed(p + load<i32>(circle + 4 * k));
}

/** Bits of the sixteen pixels from `p` on that are corners. */
function cornersAmong(p: usize, threshold: v128): i32 {
  const turn = i8x16.splat(-128);
  const middle = v128.load(p);
  const upper = v128.xor(i8x16.add_sat_u(middle, threshold), turn);
  const lower = v128.xor(i8x16.sub_sat_u(middle, threshold), turn);
  // Nine of sixteen in a row hold two neighbours of any four at right angles.
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
  let found = 0;
  if (v128.any_true(bright)) found = brightArcs(p, upper);
  if (v128.any_true(dark)) found |= darkArcs(p, lower);
  return found;
}

function brightArcs(p: usize, limit: v128): i32 {
  let run = i8x16.splat(0);
  let longest = i8x16.splat(0);
  for (let k = 0; k < CIRCLE + ARC - 1; k++) {
    const beyond = i8x16.gt_s(onCircle(p, k), limit);
    run = v128.and(i8x16.sub(run, beyond), beyond);
    longest = i8x16.max_u(longest, run);
  }
  return i8x16.bitmask(i8x16.gt_s(longest, i8x16.splat(<i8>(ARC - 1))));
}

function darkArcs(p: usize, limit: v128): i32 {
  let run = i8x16.splat(0);
  let longest = i8x16.splat(0);
  for (let k = 0; k < CIRCLE + ARC - 1; k++) {
    const beyond = i8x16.gt_s(limit, onCircle(p, k));
    run = v128.and(i8x16.sub(run, beyond), beyond);
    longest = i8x16.max_u(longest, run);
  }
  return i8x16.bitmask(i8x16.gt_s(longest, i8x16.splat(<i8>(ARC - 1))));
}

/** The largest threshold at which a pixel is still a corner. */
function cornerScore(p: usize): u8 {
  let ring = i8x16.splat(0);
  ring = v128.load8_lane(p + load<i32>(circle), ring, 0);
  ring = v128.load8_lane(p + load<i32>(circle, 4), ring, 1);
  ring = v128.load8_lane(p + load<i32>(circle, 8), ring, 2);
  ring = v128.load8_lane(p + load<i32>(circle, 12), ring, 3);
  ring = v128.load8_lane(p + load<i32>(circle, 16), ring, 4);
  ring = v128.load8_lane(p + load<i32>(circle, 20), ring, 5);
  ring = v128.load8_lane(p + load<i32>(circle, 24), ring, 6);
  ring = v128.load8_lane(p + load<i32>(circle, 28), ring, 7);
  ring = v128.load8_lane(p + load<i32>(circle, 32), ring, 8);
  ring = v128.load8_lane(p + load<i32>(circle, 36), ring, 9);
  ring = v128.load8_lane(p + load<i32>(circle, 40), ring, 10);
  ring = v128.load8_lane(p + load<i32>(circle, 44), ring, 11);
  ring = v128.load8_lane(p + load<i32>(circle, 48), ring, 12);
  ring = v128.load8_lane(p + load<i32>(circle, 52), ring, 13);
  ring = v128.load8_lane(p + load<i32>(circle, 56), ring, 14);
  ring = v128.load8_lane(p + load<i32>(circle, 60), ring, 15);
  const middle = i8x16.splat(load<i8>(p));
  const bright = leastOfArcs(i8x16.sub_sat_u(ring, middle));
  const dark = leastOfArcs(i8x16.sub_sat_u(middle, ring));
  let most = i8x16.max_u(bright, dark);
  most = i8x16.max_u(most, i8x16.shuffle(most, most, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  most = i8x16.max_u(most, i8x16.shuffle(most, most, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3));
  most = i8x16.max_u(most, i8x16.shuffle(most, most, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1));
  return max(i8x16.extract_lane_u(most, 0), i8x16.extract_lane_u(most, 1));
}

/** For each start of an arc of nine, its least value. */
function leastOfArcs(ring: v128): v128 {
  let least = i8x16.min_u(
    ring,
    i8x16.shuffle(ring, ring, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0),
  );
  least = i8x16.min_u(
    least,
    i8x16.shuffle(least, least, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1),
  );
  least = i8x16.min_u(
    least,
    i8x16.shuffle(least, least, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3),
  );
  return i8x16.min_u(least, i8x16.shuffle(ring, ring, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
}

/** Floats a corner takes: column, row, Harris response. */
const CORNER_FLOATS: i32 = 3;

/**
 * Writes the corners `margin` pixels from the edge on that are the strongest of their 3x3 neighbours; how many.
 * @param scores a plane to work in
 */
export function findCorners(
  plane: usize,
  scores: usize,
  threshold: i32,
  margin: i32,
  out: usize,
  most: i32,
): i32 {
  // One pixel more all around, so that the outermost corners have neighbours as well.
  const edge = margin - 1;
  for (let y = edge; y < height - edge; y++) memory.fill(scores + y * stride, 0, width);
  const level = i8x16.splat(<i8>threshold);
  for (let y = edge; y < height - edge; y++) {
    for (let x = edge; x < width - edge; x += 16) {
      const at = y * stride + x;
      let lanes = cornersAmong(plane + at, level);
      while (lanes != 0) {
        const lane = ctz(lanes);
        lanes &= lanes - 1;
        if (x + lane < width - edge) store<u8>(scores + at + lane, cornerScore(plane + at + lane));
      }
    }
  }
  return collect(plane, scores, margin, out, most);
}

function collect(plane: usize, scores: usize, margin: i32, out: usize, most: i32): i32 {
  const zero = i8x16.splat(0);
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
        if (x + lane >= width - margin || count >= most) break;
        const corner = out + 4 * CORNER_FLOATS * count++;
        store<f32>(corner, <f32>(x + lane));
        store<f32>(corner, <f32>y, 4);
        store<f32>(corner, harris(plane + at + lane), 8);
      }
    }
  }
  return count;
}

const HARRIS_K: f32 = 0.04;
/** Sobel's sums over a block of 7x7 pixels are this many times a mean derivative. */
const HARRIS_SCALE: f32 = 1.0 / (4.0 * 7.0 * 255.0);

/** Harris response of 7x7 pixels. */
function harris(p: usize): f32 {
  // Eight columns are loaded, seven count.
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
