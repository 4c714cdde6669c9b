/** Orientation and descriptor of SIFT key points (Lowe 2004, sections 5 and 6), without arctangents. */
import { heightOf, strideOf, widthOf } from './sift-space';

/** Samples of the orientation: 9x9, one standard deviation of the key point apart; rounded up to whole vectors. */
const GRID: i32 = 9;
const TURN_SAMPLES: i32 = 84;
const BINS: i32 = 36;
const HARMONICS: i32 = 9;
const WAVES: i32 = 2 * HARMONICS + 1;
/** Standard deviation of the window that smooths the histogram, rad; of the samples' weights, standard deviations. */
const WINDOW: f64 = 0.19;
const TURN_WEIGHT: f64 = 1.5;
const SECOND_PEAK: f32 = 0.8;

/** Samples of the descriptor: 12x12 over five cells of three standard deviations. */
const PATCH: i32 = 12;
const SAMPLES: i32 = PATCH * PATCH;
const PATCH_CELLS: f64 = 5;
const CELL_SIGMAS: f64 = 3;
const CELLS: i32 = 4;
const CELL_WEIGHT: f64 = 2;
const DIRECTIONS: i32 = 8;
const CLIP: f32 = 0.2;
export const DESCRIPTOR_FLOATS: i32 = CELLS * CELLS * DIRECTIONS;
const HALF_ROOT: f32 = 0.70710678;

const turnX: usize = memory.data(4 * 84, 16);
const turnY: usize = memory.data(4 * 84, 16);
const turnWeight: usize = memory.data(4 * 84, 16);
/** [19, 36] */
const waves: usize = memory.data(4 * 19 * 36, 16);
/** Four partial sums of each wave. */
const partial: usize = memory.data(16 * 19, 16);
const histogram: usize = memory.data(4 * 38, 16);

const patchX: usize = memory.data(4 * 144, 16);
const patchY: usize = memory.data(4 * 144, 16);
/** Byte offset of the first of a sample's two by two cells (a cell outside has weight 0), and four weights. */
const patchCell: usize = memory.data(4 * 144, 16);
const patchShare: usize = memory.data(16 * 144, 16);

const places: usize = memory.data(4 * 144, 16);
const across: usize = memory.data(4 * 144, 16);
const down: usize = memory.data(4 * 144, 16);
/** [5, 5, 8]: one row and column of cells more than the descriptor has, which weights of 0 reach. */
const pooled: usize = memory.data(4 * 5 * 5 * 8, 16);
const POOLED_ROW: i32 = 4 * 5 * 8;

/** Computes the tables; called once. */
export function prepareDescription(): void {
  for (let k = 0; k < GRID * GRID; k++) {
    const x = <f64>(k % GRID) - 4;
    const y = <f64>(k / GRID) - 4;
    store<f32>(turnX + 4 * k, <f32>x);
    store<f32>(turnY + 4 * k, <f32>y);
    store<f32>(turnWeight + 4 * k, <f32>Math.exp(-(x * x + y * y) / (2 * TURN_WEIGHT * TURN_WEIGHT)));
  }
  for (let bin = 0; bin < BINS; bin++) {
    const angle = (2 * Math.PI * <f64>bin) / BINS;
    store<f32>(waves + 4 * bin, 0.5);
    for (let k = 1; k <= HARMONICS; k++) {
      const damped = Math.exp(-0.5 * (WINDOW * <f64>k) * WINDOW * <f64>k);
      store<f32>(waves + 4 * (BINS * (2 * k - 1) + bin), <f32>(damped * Math.cos(<f64>k * angle)));
      store<f32>(waves + 4 * (BINS * 2 * k + bin), <f32>(damped * Math.sin(<f64>k * angle)));
    }
  }
  for (let k = 0; k < SAMPLES; k++) preparePatch(k);
}

function preparePatch(k: i32): void {
  // In cells, from the centre of the patch.
  const x = ((<f64>(k % PATCH) + 0.5) / PATCH - 0.5) * PATCH_CELLS;
  const y = ((<f64>(k / PATCH) + 0.5) / PATCH - 0.5) * PATCH_CELLS;
  store<f32>(patchX + 4 * k, <f32>(x * CELL_SIGMAS));
  store<f32>(patchY + 4 * k, <f32>(y * CELL_SIGMAS));
  const window = Math.exp(-(x * x + y * y) / (2 * CELL_WEIGHT * CELL_WEIGHT));
  const middle = (<f64>CELLS - 1) / 2;
  const column = min(max(<i32>floor(x + middle), 0), CELLS - 1);
  const row = min(max(<i32>floor(y + middle), 0), CELLS - 1);
  store<i32>(patchCell + 4 * k, POOLED_ROW * row + 4 * DIRECTIONS * column);
  for (let one = 0; one < 4; one++) {
    const c = column + (one & 1);
    const r = row + (one >> 1);
    const share = c < CELLS && r < CELLS ? near(x + middle - <f64>c) * near(y + middle - <f64>r) : 0.0;
    store<f32>(patchShare + 16 * k + 4 * one, <f32>(share * window));
  }
}

function near(distance: f64): f64 {
  return max(0.0, 1 - abs(distance));
}

/** Central differences (doubled) at the nearest pixels of `count` places; see {@link locate}. */
function gradients(count: i32, rowBytes: i32): void {
  for (let k = 0; k < 4 * count; k += 4) {
    const place = load<usize>(places + k);
    store<f32>(across + k, load<f32>(place, 4) - load<f32>(place - 4));
    store<f32>(down + k, load<f32>(place + rowBytes) - load<f32>(place - rowBytes));
  }
}

/** Addresses of the pixels nearest to four positions, one pixel inside the plane. */
function locate(plane: usize, octave: i32, x: v128, y: v128): v128 {
  const half = f32x4.splat(0.5);
  const one = f32x4.splat(1);
  const right = f32x4.splat(<f32>(widthOf(octave) - 2));
  const bottom = f32x4.splat(<f32>(heightOf(octave) - 2));
  const column = f32x4.min(f32x4.max(f32x4.floor(f32x4.add(x, half)), one), right);
  const row = f32x4.min(f32x4.max(f32x4.floor(f32x4.add(y, half)), one), bottom);
  const index = i32x4.add(
    i32x4.mul(i32x4.trunc_sat_f32x4_s(row), i32x4.splat(strideOf(octave))),
    i32x4.trunc_sat_f32x4_s(column),
  );
  return i32x4.add(i32x4.splat(<i32>plane), i32x4.shl(index, 2));
}

let firstTurn: f32 = 0;
let secondTurn: f32 = 0;

/** A direction that {@link turnsOf} found, rad from x towards y. */
export function turn(which: i32): f32 {
  return which == 0 ? firstTurn : secondTurn;
}

/**
 * The one or two dominant directions around a place. The histogram of the gradients' directions is built from its
 * Fourier series: cosine and sine of multiples of an angle follow by recurrence. @returns their number
 */
export function turnsOf(plane: usize, octave: i32, x: f32, y: f32, sigma: f32): i32 {
  const scale = f32x4.splat(sigma);
  for (let k = 0; k < 4 * TURN_SAMPLES; k += 16) {
    const column = f32x4.add(f32x4.splat(x), f32x4.mul(scale, v128.load(turnX + k)));
    const row = f32x4.add(f32x4.splat(y), f32x4.mul(scale, v128.load(turnY + k)));
    v128.store(places + k, locate(plane, octave, column, row));
  }
  gradients(TURN_SAMPLES, 4 * strideOf(octave));
  sumHarmonics();
  return peaks();
}

function sumHarmonics(): void {
  memory.fill(partial, 0, 16 * WAVES);
  for (let k = 0; k < 4 * TURN_SAMPLES; k += 16) {
    const gx = v128.load(across + k);
    const gy = v128.load(down + k);
    const squared = f32x4.add(f32x4.mul(gx, gx), f32x4.mul(gy, gy));
    const length = f32x4.sqrt(f32x4.add(squared, f32x4.splat(1e-12)));
    const cosine = f32x4.div(gx, length);
    const twice = f32x4.add(cosine, cosine);
    let cosBefore = f32x4.mul(length, v128.load(turnWeight + k));
    let sinBefore = f32x4.splat(0);
    let cos = f32x4.mul(cosBefore, cosine);
    let sin = f32x4.mul(cosBefore, f32x4.div(gy, length));
    addSum(0, cosBefore);
    for (let harmonic = 1; ; harmonic++) {
      addSum(2 * harmonic - 1, cos);
      addSum(2 * harmonic, sin);
      if (harmonic == HARMONICS) break;
      const nextCos = f32x4.sub(f32x4.mul(twice, cos), cosBefore);
      const nextSin = f32x4.sub(f32x4.mul(twice, sin), sinBefore);
      cosBefore = cos;
      sinBefore = sin;
      cos = nextCos;
      sin = nextSin;
    }
  }
}

function addSum(place: i32, four: v128): void {
  v128.store(partial + 16 * place, f32x4.add(v128.load(partial + 16 * place), four));
}

function total(four: v128): f32 {
  const two = f32x4.add(four, v128.shuffle<i32>(four, four, 2, 3, 0, 1));
  return f32x4.extract_lane(two, 0) + f32x4.extract_lane(two, 1);
}

/** The largest maximum of the histogram, and the second if it is almost as large. @returns how many there are */
function peaks(): i32 {
  // One bin more on either side, since the histogram is a circle.
  const bins = histogram + 4;
  memory.fill(bins, 0, 4 * BINS);
  for (let wave = 0; wave < WAVES; wave++) {
    const sum = f32x4.splat(total(v128.load(partial + 16 * wave)));
    const from = waves + 4 * BINS * wave;
    for (let bin = 0; bin < 4 * BINS; bin += 16)
      v128.store(bins + bin, f32x4.add(v128.load(bins + bin), f32x4.mul(sum, v128.load(from + bin))));
  }
  store<f32>(bins - 4, load<f32>(bins + 4 * (BINS - 1)));
  store<f32>(bins + 4 * BINS, load<f32>(bins));
  let first = -1;
  let second = -1;
  for (let bin = 0; bin < BINS; bin++) {
    const height = load<f32>(bins + 4 * bin);
    if (!(height >= load<f32>(bins + 4 * bin - 4) && height > load<f32>(bins + 4 * bin + 4))) continue;
    if (first < 0 || height > load<f32>(bins + 4 * first)) {
      second = first;
      first = bin;
    } else if (second < 0 || height > load<f32>(bins + 4 * second)) second = bin;
  }
  if (first < 0) return 0;
  firstTurn = angleAt(bins, first);
  if (second < 0 || load<f32>(bins + 4 * second) < SECOND_PEAK * load<f32>(bins + 4 * first)) return 1;
  secondTurn = angleAt(bins, second);
  return 2;
}

/** Angle of a peak, by a parabola through three bins. */
function angleAt(bins: usize, bin: i32): f32 {
  const left = load<f32>(bins + 4 * bin - 4);
  const middle = load<f32>(bins + 4 * bin);
  const right = load<f32>(bins + 4 * bin + 4);
  const offset: f32 = (0.5 * (left - right)) / min(left - 2 * middle + right, -1e-12);
  return (<f32>bin + offset) * <f32>((2 * Math.PI) / BINS);
}

/**
 * Writes 128 numbers: gradients of a patch turned by the key point's direction, pooled over 4x4 cells and 8 directions,
 * of length 1, clipped, and their square roots. The weight of a direction is length cos^4, where the cosine is positive.
 * @param point see `POINT_BYTES` of sift.ts
 */
export function describeAt(plane: usize, octave: i32, point: usize, out: usize): void {
  const angle = load<f32>(point, 24);
  const cosine = Mathf.cos(angle);
  const sine = Mathf.sin(angle);
  spread(plane, octave, point, cosine, sine);
  gradients(SAMPLES, 4 * strideOf(octave));
  project(f32x4.splat(cosine), f32x4.splat(sine));
  memory.fill(pooled, 0, 5 * POOLED_ROW);
  const zero = f32x4.splat(0);
  for (let k = 0; k < SAMPLES; k++) {
    const a = load<f32>(across + 4 * k);
    const b = load<f32>(down + 4 * k);
    const half = f32x4(a, (a + b) * HALF_ROOT, b, (b - a) * HALF_ROOT);
    const squared = f32x4.mul(half, half);
    const share = f32x4.mul(squared, squared);
    const positive = f32x4.gt(half, zero);
    const forward = v128.and(share, positive);
    const backward = v128.andnot(share, positive);
    const cell = pooled + load<i32>(patchCell + 4 * k);
    pool(cell, forward, backward, patchShare + 16 * k);
    pool(cell + 4 * DIRECTIONS, forward, backward, patchShare + 16 * k + 4);
    pool(cell + POOLED_ROW, forward, backward, patchShare + 16 * k + 8);
    pool(cell + POOLED_ROW + 4 * DIRECTIONS, forward, backward, patchShare + 16 * k + 12);
  }
  for (let row = 0; row < CELLS; row++)
    memory.copy(out + 4 * CELLS * DIRECTIONS * row, pooled + POOLED_ROW * row, 4 * CELLS * DIRECTIONS);
  normalise(out);
}

/** Addresses of the samples of a turned patch. */
function spread(plane: usize, octave: i32, point: usize, cosine: f32, sine: f32): void {
  const sigma = load<f32>(point, 16);
  const x = f32x4.splat(load<f32>(point, 8));
  const y = f32x4.splat(load<f32>(point, 12));
  const right = f32x4.splat(sigma * cosine);
  const below = f32x4.splat(sigma * sine);
  for (let k = 0; k < 4 * SAMPLES; k += 16) {
    const u = v128.load(patchX + k);
    const v = v128.load(patchY + k);
    const column = f32x4.add(x, f32x4.sub(f32x4.mul(right, u), f32x4.mul(below, v)));
    const row = f32x4.add(y, f32x4.add(f32x4.mul(below, u), f32x4.mul(right, v)));
    v128.store(places + k, locate(plane, octave, column, row));
  }
}

/**
 * Turns the gradients by the key point's direction and scales them to the fourth root of their length, since
 * (length^(1/4) cos)^4 = length cos^4.
 */
function project(cosine: v128, sine: v128): void {
  for (let k = 0; k < 4 * SAMPLES; k += 16) {
    const gx = v128.load(across + k);
    const gy = v128.load(down + k);
    const squared = f32x4.add(f32x4.mul(gx, gx), f32x4.mul(gy, gy));
    const length = f32x4.sqrt(f32x4.add(squared, f32x4.splat(1e-12)));
    const scale = f32x4.div(f32x4.sqrt(f32x4.sqrt(length)), length);
    const along = f32x4.add(f32x4.mul(gx, cosine), f32x4.mul(gy, sine));
    const beside = f32x4.sub(f32x4.mul(gy, cosine), f32x4.mul(gx, sine));
    v128.store(across + k, f32x4.mul(along, scale));
    v128.store(down + k, f32x4.mul(beside, scale));
  }
}

function pool(cell: usize, forward: v128, backward: v128, share: usize): void {
  const weight = v128.load32_splat(share);
  v128.store(cell, f32x4.add(v128.load(cell), f32x4.mul(weight, forward)));
  v128.store(cell, f32x4.add(v128.load(cell, 16), f32x4.mul(weight, backward)), 16);
}

function normalise(out: usize): void {
  let squares = f32x4.splat(0);
  for (let k = 0; k < 4 * DESCRIPTOR_FLOATS; k += 16) {
    const four = v128.load(out + k);
    squares = f32x4.add(squares, f32x4.mul(four, four));
  }
  const length = f32x4.splat(sqrt<f32>(total(squares) + 1e-12));
  let sum = f32x4.splat(0);
  for (let k = 0; k < 4 * DESCRIPTOR_FLOATS; k += 16) {
    const four = f32x4.min(f32x4.div(v128.load(out + k), length), f32x4.splat(CLIP));
    sum = f32x4.add(sum, four);
    v128.store(out + k, four);
  }
  const whole = f32x4.splat(total(sum) + 1e-12);
  for (let k = 0; k < 4 * DESCRIPTOR_FLOATS; k += 16)
    v128.store(out + k, f32x4.sqrt(f32x4.div(v128.load(out + k), whole)));
}
