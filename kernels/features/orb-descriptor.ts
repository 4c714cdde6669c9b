/** Orientation by the intensity centroid of a disc, and 256 binary tests rotated by it. */
import { stride } from './byte-plane';

const RADIUS: i32 = 15;
/** [31, 32] weights: the x offset, and 1; both 0 outside the disc. */
const columnWeights: usize = memory.data(1984);
const discWeights: usize = memory.data(1984);
const ROW_BYTES: i32 = 64;

/** Initialises the weights of the disc; called once. */
export function prepareDisc(): void {
  for (let v = -RADIUS; v <= RADIUS; v++) {
    for (let u = -RADIUS; u <= RADIUS + 1; u++) {
      const inside = u * u + v * v <= RADIUS * RADIUS + RADIUS;
      const at = ROW_BYTES * (v + RADIUS) + 2 * (u + RADIUS);
      store<i16>(columnWeights + at, <i16>(inside ? u : 0));
      store<i16>(discWeights + at, <i16>(inside ? 1 : 0));
    }
  }
}

let cosine: f32 = 1;
let sine: f32 = 0;

/** Computes the direction from a pixel to the intensity centroid of the disc around it. */
function orient(p: usize): void {
  let sumX = i32x4.splat(0);
  let sumY = i32x4.splat(0);
  for (let v = -RADIUS; v <= RADIUS; v++) {
    const row = p + v * stride - RADIUS;
    const weights = columnWeights + ROW_BYTES * (v + RADIUS);
    const disc = discWeights + ROW_BYTES * (v + RADIUS);
    let light = i32x4.splat(0);
    for (let k = 0; k < 4; k++) {
      const eight = v128.load8x8_u(row + 8 * k);
      sumX = i32x4.add(sumX, i32x4.dot_i16x8_s(eight, v128.load(weights + 16 * k)));
      light = i32x4.add(light, i32x4.dot_i16x8_s(eight, v128.load(disc + 16 * k)));
    }
    sumY = i32x4.add(sumY, i32x4.mul(light, i32x4.splat(v)));
  }
  const x = total(sumX);
  const y = total(sumY);
  const length = sqrt<f32>(x * x + y * y);
  cosine = length > 0 ? x / length : 1;
  sine = length > 0 ? y / length : 0;
}

function total(four: v128): f32 {
  return <f32>(
    (i32x4.extract_lane(four, 0) +
      i32x4.extract_lane(four, 1) +
      i32x4.extract_lane(four, 2) +
      i32x4.extract_lane(four, 3))
  );
}

const POINTS: i32 = 512;
/** [512] x, then [512] y of the test points, two points per test; set by the caller. */
const pattern: usize = memory.data(4096);
const PATTERN_Y: i32 = 2048;
/** Address offsets of the rotated points. */
const offsets: usize = memory.data(2048);

export function patternAt(): usize {
  return pattern;
}

/**
 * Describes the corners of one level.
 * @param corners [count, 3] integers: column, row, index in the results
 * @param bits [n, 256] descriptors of all results
 * @param turns [n, 2] cosine and sine of all results' orientations
 */
export function describe(
  grey: usize,
  blurred: usize,
  corners: usize,
  count: i32,
  bits: usize,
  turns: usize,
): void {
  for (let corner = corners; corner < corners + 12 * count; corner += 12) {
    const at = load<i32>(corner, 4) * stride + load<i32>(corner);
    const result = load<i32>(corner, 8);
    orient(grey + at);
    store<f32>(turns + 8 * result, cosine);
    store<f32>(turns + 8 * result, sine, 4);
    test(blurred + at, bits + 32 * result);
  }
}

/** Writes the 256 bits of a pixel of a blurred plane, with the last computed orientation. */
function test(p: usize, out: usize): void {
  const c = f32x4.splat(cosine);
  const s = f32x4.splat(sine);
  const rows = i32x4.splat(stride);
  for (let at = 0; at < 4 * POINTS; at += 16) {
    const x = v128.load(pattern + at);
    const y = v128.load(pattern + PATTERN_Y + at);
    const column = f32x4.nearest(f32x4.sub(f32x4.mul(x, c), f32x4.mul(y, s)));
    const row = f32x4.nearest(f32x4.add(f32x4.mul(x, s), f32x4.mul(y, c)));
    const place = i32x4.add(i32x4.mul(i32x4.trunc_sat_f32x4_s(row), rows), i32x4.trunc_sat_f32x4_s(column));
    v128.store(offsets + at, place);
  }
  let at = offsets;
  for (let word = out; word < out + 32; word += 4) {
    let bits: u32 = 0;
    for (let k = 0; k < 32; k++, at += 8) {
      const first = load<u8>(p + load<i32>(at));
      const second = load<u8>(p + load<i32>(at, 4));
      bits |= (<u32>(first < second)) << k;
    }
    store<u32>(word, bits);
  }
}
