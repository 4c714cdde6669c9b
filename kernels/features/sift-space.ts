/**
 * Gaussian scale space of SIFT (Lowe 2004, section 3). Octave 0 has 1.25 times the picture's pixels a side, octave 1 as many
 * as the picture, every further one half of the one before.
 */
import { take } from './arena';

/** Levels of an octave: three in which key points are found, one below, two above. */
export const LEVELS: i32 = 6;
export const MAX_OCTAVES: i32 = 5;
/** Sides below this hold no key point: see BORDER of the detection. */
const MIN_SIDE: i32 = 12;
const BASE_SIGMA: f64 = 1.6;
/** Blur of the picture itself. */
const CAMERA_SIGMA: f64 = 0.5;
/** Lowe's factor of two costs 2.6 times as much and finds no more matches. */
const UPSCALE: f64 = 1.25;
/** Blur of octave 0's first level, pixels of the picture: half that of octave 1. */
const FIRST_SIGMA: f64 = 0.8;
/** Radius of a Gaussian in standard deviations. */
const REACH: f64 = 4;
const MAX_RADIUS: i32 = 16;
/** Source pixels per pixel of the enlarged octave, whose positions repeat every five pixels. */
const TAPS: i32 = 8;
const PHASES: i32 = 5;
/** Pixels that one step of {@link weigh} computes. */
const STEP: i32 = 16;

/** Sizes of the octaves; strides and plane addresses. */
const sizes: usize = memory.data(3 * 4 * 5, 16);
const planes: usize = memory.data(4 * 6 * 5, 16);
let octaves: i32 = 0;

let columns: i32 = 0;
let rows: i32 = 0;
let grey: usize = 0;
let picture: usize = 0;
let pictureStride: i32 = 0;
/** One row with mirrored pixels on both sides. */
let line: usize = 0;

const pointers: usize = memory.data(4 * 33, 16);
const weights: usize = memory.data(4 * 17, 16);
const phases: usize = memory.data(4 * 8 * 5, 16);
const phaseStart: usize = memory.data(4 * 5, 16);

export function octaveCount(): i32 {
  return octaves;
}
export function widthOf(octave: i32): i32 {
  return load<i32>(sizes + 12 * octave);
}
export function heightOf(octave: i32): i32 {
  return load<i32>(sizes + 12 * octave, 4);
}
/** Pixels between rows. */
export function strideOf(octave: i32): i32 {
  return load<i32>(sizes + 12 * octave, 8);
}
export function planeOf(octave: i32, level: i32): usize {
  return load<usize>(planes + 4 * (LEVELS * octave + level));
}
/** Pixels of the picture per pixel of an octave. */
export function pitchOf(octave: i32): f32 {
  return octave == 0 ? <f32>(1 / UPSCALE) : <f32>(1 << (octave - 1));
}
/** Blur of an octave's first level, pixels of the octave. */
export function baseSigmaOf(octave: i32): f64 {
  return octave == 0 ? FIRST_SIGMA * UPSCALE : BASE_SIGMA;
}

function roundUp(pixels: i32): i32 {
  return (pixels + STEP - 1) & ~(STEP - 1);
}

/** Allocates the scale space of pictures of this size. @returns address of the picture's bytes */
export function prepare(width: i32, height: i32): usize {
  columns = width;
  rows = height;
  grey = take(width * height);
  pictureStride = roundUp(width);
  picture = take(4 * pictureStride * height);
  let widest = 0;
  octaves = 0;
  let w = <i32>nearest(<f64>width * UPSCALE);
  let h = <i32>nearest(<f64>height * UPSCALE);
  while (octaves < MAX_OCTAVES && min(w, h) >= MIN_SIDE) {
    const stride = roundUp(w);
    widest = max(widest, stride);
    store<i32>(sizes + 12 * octaves, w);
    store<i32>(sizes + 12 * octaves, h, 4);
    store<i32>(sizes + 12 * octaves, stride, 8);
    for (let level = 0; level < LEVELS; level++)
      store<usize>(planes + 4 * (LEVELS * octaves + level), take(4 * stride * h));
    w = octaves == 0 ? width : (w + 1) >> 1;
    h = octaves == 0 ? height : (h + 1) >> 1;
    octaves++;
  }
  const lineBytes = 4 * (max(widest, pictureStride) + 2 * MAX_RADIUS + STEP);
  line = take(lineBytes);
  memory.fill(line, 0, lineBytes);
  line += 4 * MAX_RADIUS;
  return grey;
}

/** Computes all octaves of the picture. */
export function compute(): void {
  fromGrey();
  if (octaves == 0) return;
  enlarge();
  ascend(0);
  if (octaves == 1) return;
  blur(picture, pictureStride, 1, 0, Math.sqrt(BASE_SIGMA * BASE_SIGMA - CAMERA_SIGMA * CAMERA_SIGMA));
  ascend(1);
  for (let octave = 2; octave < octaves; octave++) {
    halve(octave);
    ascend(octave);
  }
}

function fromGrey(): void {
  const scale = f32x4.splat(1.0 / 255.0);
  for (let y = 0; y < rows; y++) {
    const from = grey + y * columns;
    const to = picture + 4 * y * pictureStride;
    for (let x = 0; x < columns; x += 4) {
      const four = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(from + x)));
      v128.store(to + 4 * x, f32x4.mul(f32x4.convert_i32x4_u(four), scale));
    }
  }
}

/** Level `k` from level `k - 1`, each blurred by what is missing. */
function ascend(octave: i32): void {
  const base = baseSigmaOf(octave);
  for (let level = 1; level < LEVELS; level++) {
    const before = base * Math.pow(2, <f64>(level - 1) / 3);
    const after = base * Math.pow(2, <f64>level / 3);
    const sigma = Math.sqrt(after * after - before * before);
    blur(planeOf(octave, level - 1), strideOf(octave), octave, level, sigma);
  }
}

/** Folds an index outside of 0..size-1 back without repeating the edge. */
function mirrored(index: i32, size: i32): i32 {
  if (<u32>index < <u32>size) return index;
  if (size == 1) return 0;
  const period = 2 * (size - 1);
  const folded = abs(index) % period;
  return folded < size ? folded : period - folded;
}

/** Mirrored pixels on both sides of the line. */
function mirrorLine(width: i32, radius: i32): void {
  for (let k = 1; k <= radius; k++) {
    store<f32>(line - 4 * k, load<f32>(line + 4 * mirrored(-k, width)));
    store<f32>(line + 4 * (width - 1 + k), load<f32>(line + 4 * mirrored(width - 1 + k, width)));
  }
}

/** Separable Gaussian: every row first from those above and below it, then along it. */
function blur(from: usize, stride: i32, octave: i32, level: i32, sigma: f64): void {
  const radius = min(<i32>ceil(REACH * sigma), MAX_RADIUS);
  plan(sigma, radius);
  const width = widthOf(octave);
  const height = heightOf(octave);
  const to = planeOf(octave, level);
  for (let y = 0; y < height; y++) {
    for (let k = -radius; k <= radius; k++)
      store<usize>(pointers + 4 * (k + radius), from + 4 * stride * mirrored(y + k, height));
    weigh(line, width, radius);
    mirrorLine(width, radius);
    for (let k = -radius; k <= radius; k++) store<usize>(pointers + 4 * (k + radius), line + 4 * k);
    weigh(to + 4 * stride * y, width, radius);
  }
}

/** Weights of a Gaussian, the centre first. */
function plan(sigma: f64, radius: i32): void {
  let sum: f64 = 0;
  for (let k = -radius; k <= radius; k++) sum += Math.exp((-0.5 * <f64>(k * k)) / (sigma * sigma));
  for (let k = 0; k <= radius; k++)
    store<f32>(weights + 4 * k, <f32>(Math.exp((-0.5 * <f64>(k * k)) / (sigma * sigma)) / sum));
}

/** Weighted sums of the pixels at the pointers, whose weights are symmetric; whole steps are computed. */
function weigh(to: usize, count: i32, radius: i32): void {
  const middle = pointers + 4 * radius;
  for (let x: usize = 0; x < <usize>(4 * count); x += 4 * STEP) {
    let weight = v128.load32_splat(weights);
    let at = load<usize>(middle) + x;
    let a = f32x4.mul(weight, v128.load(at));
    let b = f32x4.mul(weight, v128.load(at, 16));
    let c = f32x4.mul(weight, v128.load(at, 32));
    let d = f32x4.mul(weight, v128.load(at, 48));
    for (let k: usize = 4; k <= 4 * <usize>radius; k += 4) {
      weight = v128.load32_splat(weights + k);
      at = load<usize>(middle - k) + x;
      const other = load<usize>(middle + k) + x;
      a = f32x4.add(a, f32x4.mul(weight, f32x4.add(v128.load(at), v128.load(other))));
      b = f32x4.add(b, f32x4.mul(weight, f32x4.add(v128.load(at, 16), v128.load(other, 16))));
      c = f32x4.add(c, f32x4.mul(weight, f32x4.add(v128.load(at, 32), v128.load(other, 32))));
      d = f32x4.add(d, f32x4.mul(weight, f32x4.add(v128.load(at, 48), v128.load(other, 48))));
    }
    v128.store(to + x, a);
    v128.store(to + x, b, 16);
    v128.store(to + x, c, 32);
    v128.store(to + x, d, 48);
  }
}

/** First level of octave 0: pixel `i` is centred at pixel `i / UPSCALE` of the picture. */
function enlarge(): void {
  const sigma = Math.sqrt(FIRST_SIGMA * FIRST_SIGMA - CAMERA_SIGMA * CAMERA_SIGMA);
  for (let phase = 0; phase < PHASES; phase++) planPhase(phase, sigma);
  const width = widthOf(0);
  const height = heightOf(0);
  for (let y = 0; y < height; y++) {
    const phase = y % PHASES;
    const first = 4 * (y / PHASES) + load<i32>(phaseStart + 4 * phase);
    for (let k = 0; k < TAPS; k++)
      store<usize>(pointers + 4 * k, picture + 4 * pictureStride * mirrored(first + k, rows));
    for (let x: usize = 0; x < <usize>(4 * columns); x += 16) {
      let sum = f32x4.splat(0);
      for (let k: usize = 0; k < 4 * TAPS; k += 4)
        sum = f32x4.add(
          sum,
          f32x4.mul(
            v128.load32_splat(phases + 4 * TAPS * phase + k),
            v128.load(load<usize>(pointers + k) + x),
          ),
        );
      v128.store(line + x, sum);
    }
    mirrorLine(columns, TAPS);
    enlargeLine(planeOf(0, 0) + 4 * strideOf(0) * y, width);
  }
}

/** Weights of eight source pixels around the positions `phase / UPSCALE`, `phase / UPSCALE + 4`, … */
function planPhase(phase: i32, sigma: f64): void {
  const centre = <f64>phase / UPSCALE;
  const first = <i32>floor(centre) - TAPS / 2 + 1;
  store<i32>(phaseStart + 4 * phase, first);
  let sum: f64 = 0;
  for (let k = 0; k < TAPS; k++) sum += gaussian(<f64>(first + k) - centre, sigma);
  for (let k = 0; k < TAPS; k++)
    store<f32>(phases + 4 * (TAPS * phase + k), <f32>(gaussian(<f64>(first + k) - centre, sigma) / sum));
}

function gaussian(x: f64, sigma: f64): f64 {
  return Math.exp((-0.5 * x * x) / (sigma * sigma));
}

function enlargeLine(to: usize, width: i32): void {
  let start: usize = line;
  for (let x = 0; x < width; x += PHASES, start += 16) {
    for (let phase = 0; phase < PHASES && x + phase < width; phase++) {
      const at = start + 4 * load<i32>(phaseStart + 4 * phase);
      const weight = phases + 4 * TAPS * phase;
      const four = f32x4.add(
        f32x4.mul(v128.load(at), v128.load(weight)),
        f32x4.mul(v128.load(at, 16), v128.load(weight, 16)),
      );
      const two = f32x4.add(four, v128.shuffle<i32>(four, four, 2, 3, 0, 1));
      store<f32>(to + 4 * (x + phase), f32x4.extract_lane(two, 0) + f32x4.extract_lane(two, 1));
    }
  }
}

/** First level of an octave: every second pixel of level 3 of the one before, which has twice the base's blur. */
function halve(octave: i32): void {
  const width = widthOf(octave);
  for (let y = 0; y < heightOf(octave); y++) {
    const from = planeOf(octave - 1, 3) + 8 * strideOf(octave - 1) * y;
    const to = planeOf(octave, 0) + 4 * strideOf(octave) * y;
    for (let x = 0; x < width; x++) store<f32>(to + 4 * x, load<f32>(from + 8 * x));
  }
}
