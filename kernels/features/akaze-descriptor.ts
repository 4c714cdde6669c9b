/**
 * Orientation and M-LDB descriptor of the key points of one level. Each bit compares the means of grey or of a
 * derivative over two cells of a 2x2, 3x3 or 4x4 grid.
 */
import { width, height, stride } from './plane';

/** The current level: its image, derivatives, and pixels between samples. */
let grey: usize = 0;
let alongX: usize = 0;
let alongY: usize = 0;
let pitch: i32 = 1;

export function setLevel(picture: usize, dx: usize, dy: usize, samplePitch: i32): void {
  grey = picture;
  alongX = dx;
  alongY = dy;
  pitch = samplePitch;
}

const ORIENTATION_RADIUS: i32 = 6;
const ORIENTATION_BINS: i32 = 42;
/** Width of the sliding window: a sixth of a full turn. */
const WINDOW_BINS: i32 = 7;

/** [13, 13] weights of the samples, 0 outside the circle; set by the caller. */
const weights: usize = memory.data(4 * 169);
/** Sums of gradients by direction; the first bins are repeated at the end. */
const bins: usize = memory.data(8 * 49);

export function orientationWeightsAt(): usize {
  return weights;
}

let cosine: f32 = 1;
let sine: f32 = 0;

/** Cosine and sine of the last computed orientation. */
export function orientationCosine(): f32 {
  return cosine;
}
export function orientationSine(): f32 {
  return sine;
}

/**
 * Computes the dominant gradient direction in a circle: that of the largest gradient sum over a sixth of a turn. The
 * circle must lie within the image.
 */
export function orient(x: f32, y: f32): void {
  memory.fill(bins, 0, 8 * ORIENTATION_BINS);
  let weight = weights;
  const middle = <i32>nearest(y) * stride + <i32>nearest(x);
  const step = 4 * pitch;
  for (let v = -ORIENTATION_RADIUS; v <= ORIENTATION_RADIUS; v++) {
    let at = 4 * (middle + pitch * (v * stride - ORIENTATION_RADIUS));
    for (let u = -ORIENTATION_RADIUS; u <= ORIENTATION_RADIUS; u++, weight += 4, at += step) {
      const w = load<f32>(weight);
      if (w == 0) continue;
      const gx = w * load<f32>(alongX + at);
      const gy = w * load<f32>(alongY + at);
      const bin = bins + 8 * angleBin(gx, gy);
      store<f32>(bin, load<f32>(bin) + gx);
      store<f32>(bin, load<f32>(bin, 4) + gy, 4);
    }
  }
  memory.copy(bins + 8 * ORIENTATION_BINS, bins, 8 * WINDOW_BINS);
  let sumX: f32 = 0;
  let sumY: f32 = 0;
  for (let k = 0; k < WINDOW_BINS; k++) {
    sumX += load<f32>(bins + 8 * k);
    sumY += load<f32>(bins + 8 * k, 4);
  }
  let longest: f32 = 0;
  cosine = 1;
  sine = 0;
  for (let bin = bins; bin < bins + 8 * ORIENTATION_BINS; bin += 8) {
    const squared = sumX * sumX + sumY * sumY;
    if (squared > longest) {
      longest = squared;
      cosine = sumX;
      sine = sumY;
    }
    sumX += load<f32>(bin, 8 * WINDOW_BINS) - load<f32>(bin);
    sumY += load<f32>(bin, 8 * WINDOW_BINS + 4) - load<f32>(bin, 4);
  }
  if (longest == 0) return;
  const length = sqrt<f32>(longest);
  cosine /= length;
  sine /= length;
}

/** Bin of a direction, by a polynomial approximation of the arctangent that is accurate to a hundredth of a bin. */
function angleBin(x: f32, y: f32): i32 {
  const ax = abs(x);
  const ay = abs(y);
  const larger = max(ax, ay);
  if (larger == 0) return 0;
  const ratio = min(ax, ay) / larger;
  const squared = ratio * ratio;
  // As a fraction of a turn: coefficients over 2 pi, fitted on 0..1.
  let turn = ratio * (0.158854 + squared * (-0.050786 + squared * (0.021736 - squared * 0.004799)));
  if (ay > ax) turn = 0.25 - turn;
  if (x < 0) turn = 0.5 - turn;
  if (y < 0) turn = 1 - turn;
  return min(<i32>(turn * <f32>ORIENTATION_BINS), ORIENTATION_BINS - 1);
}

/** Samples per side; the central one is at the key point. */
const SIDE: i32 = 21;
const HALF_SIDE: i32 = 10;
/** Layout of the samples, in rows of whole vectors: [21, 24] of grey, then of each derivative. */
const ROW_BYTES: i32 = 96;
const CHANNEL_BYTES: i32 = 2016;
const CHANNELS: i32 = 3;
const samples: usize = memory.data(6048);
/** Column sums over the sample rows of one row of cells. */
const sums: usize = memory.data(96);
/** [3, 16] sums over the cells of the current grid. */
const cells: usize = memory.data(192);
const CELLS_BYTES: i32 = 64;

/** Writes the 486 bits of a key point with the last computed orientation into 64 bytes. */
export function describe(x: f32, y: f32, out: usize): void {
  sample(x, y);
  // Cells have 10, 7 and 5 samples per side.
  let bit = compareCells(2, 10, out, 0);
  bit = compareCells(3, 7, out, bit);
  compareCells(4, 5, out, bit);
}

/** Coordinates are fixed-point numbers in units of 1 / 65536 pixel. */
const FRACTION_BITS: i32 = 16;

function sample(x: f32, y: f32): void {
  const c = <i32>nearest(cosine * <f32>(pitch << FRACTION_BITS));
  const s = <i32>nearest(sine * <f32>(pitch << FRACTION_BITS));
  // Half a pixel is added so that truncation rounds.
  const startX = <i32>((x + 0.5) * 65536) - HALF_SIDE * (c - s);
  const startY = <i32>((y + 0.5) * 65536) - HALF_SIDE * (s + c);
  const reach = 15 * pitch + 1;
  const inside =
    <i32>x >= reach && <i32>y >= reach && <i32>x < width - 1 - reach && <i32>y < height - 1 - reach;
  let out = samples;
  for (let v = 0; v < SIDE; v++, out += ROW_BYTES) {
    if (inside) sampleRow(startX - v * s, startY + v * c, c, s, out);
    else sampleRowClamped(startX - v * s, startY + v * c, c, s, out);
  }
}

function sampleRow(startX: i32, startY: i32, c: i32, s: i32, out: usize): void {
  let px = startX;
  let py = startY;
  for (let to = out; to < out + 4 * SIDE; to += 4, px += c, py += s) {
    const at = 4 * ((py >> FRACTION_BITS) * stride + (px >> FRACTION_BITS));
    store<f32>(to, load<f32>(grey + at));
    store<f32>(to, load<f32>(alongX + at), CHANNEL_BYTES);
    store<f32>(to, load<f32>(alongY + at), 2 * CHANNEL_BYTES);
  }
}

/** As {@link sampleRow}, with coordinates clamped to the image. */
function sampleRowClamped(startX: i32, startY: i32, c: i32, s: i32, out: usize): void {
  let px = startX;
  let py = startY;
  for (let to = out; to < out + 4 * SIDE; to += 4, px += c, py += s) {
    const row = min(max(py >> FRACTION_BITS, 0), height - 1);
    const column = min(max(px >> FRACTION_BITS, 0), width - 1);
    const at = 4 * (row * stride + column);
    store<f32>(to, load<f32>(grey + at));
    store<f32>(to, load<f32>(alongX + at), CHANNEL_BYTES);
    store<f32>(to, load<f32>(alongY + at), 2 * CHANNEL_BYTES);
  }
}

/** Compares the means of all pairs of cells of a grid with `cellSide` samples per side. @returns the next free bit */
function compareCells(gridSide: i32, cellSide: i32, out: usize, firstBit: i32): i32 {
  for (let channel = 0; channel < CHANNELS; channel++) {
    for (let v = 0; v < gridSide; v++) {
      sumRows(samples + channel * CHANNEL_BYTES + v * cellSide * ROW_BYTES, cellSide);
      for (let u = 0; u < gridSide; u++) {
        let sum: f32 = 0;
        const end = sums + 4 * (u + 1) * cellSide;
        for (let at = sums + 4 * u * cellSide; at < end; at += 4) sum += load<f32>(at);
        store<f32>(cells + channel * CELLS_BYTES + 4 * (v * gridSide + u), sum);
      }
    }
  }
  const count = gridSide * gridSide;
  turnGradients(count);
  let bit = firstBit;
  for (let channel = 0; channel < CHANNELS; channel++) {
    const first = cells + channel * CELLS_BYTES;
    bit = comparePairs(first, first + 4 * count, out, bit);
  }
  return bit;
}

/** Sums `rows` rows of samples. */
function sumRows(first: usize, rows: i32): void {
  for (let column = 0; column < ROW_BYTES; column += 16) {
    let sum = v128.load(first + column);
    for (let row = 1; row < rows; row++) sum = f32x4.add(sum, v128.load(first + row * ROW_BYTES + column));
    v128.store(sums + column, sum);
  }
}

/** Rotates the cells' gradients into the orientation of the key point. */
function turnGradients(count: i32): void {
  const c = f32x4.splat(cosine);
  const s = f32x4.splat(sine);
  for (let at = cells + CELLS_BYTES; at < cells + CELLS_BYTES + 4 * count; at += 16) {
    const gx = v128.load(at);
    const gy = v128.load(at + CELLS_BYTES);
    v128.store(at, f32x4.add(f32x4.mul(gx, c), f32x4.mul(gy, s)));
    v128.store(at + CELLS_BYTES, f32x4.sub(f32x4.mul(gy, c), f32x4.mul(gx, s)));
  }
}

/**
 * Writes one bit for each pair of cells from `first` to `end`. All cells of a grid have the same number of samples, so
 * sums are compared instead of means.
 */
function comparePairs(first: usize, end: usize, out: usize, firstBit: i32): i32 {
  let bit = firstBit;
  let word = bit & 31 ? load<u32>(out + 4 * (bit >> 5)) : 0;
  for (let a = first; a < end; a += 4) {
    const value = load<f32>(a);
    for (let b = a + 4; b < end; b += 4) {
      word |= (<u32>(value > load<f32>(b))) << (bit & 31);
      bit++;
      if ((bit & 31) == 0) {
        store<u32>(out + 4 * ((bit >> 5) - 1), word);
        word = 0;
      }
    }
  }
  // The last word, padded with zeros.
  store<u32>(out + 4 * (bit >> 5), word);
  return bit;
}
