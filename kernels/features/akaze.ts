/**
 * Accelerated KAZE (Alcantarilla, Nuevo, Bartoli 2013): nonlinear diffusion, extrema of the Hessian's determinant,
 * M-LDB descriptors. The caller controls their order and parameters.
 */
export { take } from './arena';
export { blur, derivatives, firstPixel, fromGrey, halve, planeBytes, setSize, strideOf } from './plane';
export {
  describe,
  orient,
  orientationCosine,
  orientationSine,
  orientationWeightsAt,
  setLevel,
} from './akaze-descriptor';
import { extend, height, stride, width } from './plane';

/** Bins of gradient lengths, fine enough for a percentile. */
const LENGTH_BINS: i32 = 2048;
const MAX_LENGTH: f32 = 0.5;
const histogram: usize = memory.data(4 * 2048);

/**
 * The gradient length below which a `share` of the non-zero gradients lies, sampled on every fourth row; 0 for an image
 * without gradients. Derivatives are per pixel.
 */
export function gradientPercentile(dx: usize, dy: usize, share: f32): f32 {
  memory.fill(histogram, 0, 4 * LENGTH_BINS);
  let count = 0;
  for (let y = 1; y < height - 1; y += 4) {
    for (let x = 1; x < width - 1; x++) {
      const at = 4 * (y * stride + x);
      const gx = load<f32>(dx + at);
      const gy = load<f32>(dy + at);
      const squared = gx * gx + gy * gy;
      if (squared <= 0) continue;
      const bin = <i32>min<f32>(sqrt<f32>(squared) * (<f32>LENGTH_BINS / MAX_LENGTH), <f32>(LENGTH_BINS - 1));
      store<i32>(histogram + 4 * bin, load<i32>(histogram + 4 * bin) + 1);
      count++;
    }
  }
  const wanted = <i32>(<f32>count * share);
  let sum = 0;
  for (let bin = 0; bin < LENGTH_BINS; bin++) {
    sum += load<i32>(histogram + 4 * bin);
    if (sum > wanted) return (<f32>bin + 1) * (MAX_LENGTH / <f32>LENGTH_BINS);
  }
  return 0;
}

/** Conductivity 1 / (1 + |gradient|^2 / contrast^2) of a smoothed image (second function of Perona and Malik). */
export function conductivity(smooth: usize, to: usize, contrast: f32): void {
  const side = f32x4.splat(3.0 / 32.0 / contrast);
  const middle = f32x4.splat(10.0 / 32.0 / contrast);
  const one = f32x4.splat(1);
  const rows = 4 * stride;
  for (let y = 0; y < height; y++) {
    const start = 4 * y * stride;
    for (let at = start; at < start + 4 * width; at += 16) {
      const p = smooth + at;
      const falling = f32x4.sub(v128.load(p + rows + 4), v128.load(p - rows - 4));
      const rising = f32x4.sub(v128.load(p - rows + 4), v128.load(p + rows - 4));
      const across = f32x4.sub(v128.load(p + 4), v128.load(p - 4));
      const down = f32x4.sub(v128.load(p + rows), v128.load(p - rows));
      const dx = f32x4.add(f32x4.mul(side, f32x4.add(falling, rising)), f32x4.mul(middle, across));
      const dy = f32x4.add(f32x4.mul(side, f32x4.sub(falling, rising)), f32x4.mul(middle, down));
      const squared = f32x4.add(f32x4.mul(dx, dx), f32x4.mul(dy, dy));
      v128.store(to + at, f32x4.div(one, f32x4.add(one, squared)));
    }
  }
  extend(to);
}

/** One explicit diffusion step of duration `time`; `from` and `to` must be different planes. */
export function diffuse(from: usize, to: usize, flow: usize, time: f32): void {
  const half = f32x4.splat(0.5 * time);
  const rows = 4 * stride;
  for (let y = 0; y < height; y++) {
    const start = 4 * y * stride;
    for (let at = start; at < start + 4 * width; at += 16) {
      const p = from + at;
      const c = flow + at;
      const here = v128.load(p);
      const own = v128.load(c);
      const right = f32x4.mul(f32x4.add(own, v128.load(c + 4)), f32x4.sub(v128.load(p + 4), here));
      const left = f32x4.mul(f32x4.add(own, v128.load(c - 4)), f32x4.sub(v128.load(p - 4), here));
      const lower = f32x4.mul(f32x4.add(own, v128.load(c + rows)), f32x4.sub(v128.load(p + rows), here));
      const upper = f32x4.mul(f32x4.add(own, v128.load(c - rows)), f32x4.sub(v128.load(p - rows), here));
      const sum = f32x4.add(f32x4.add(right, left), f32x4.add(lower, upper));
      v128.store(to + at, f32x4.add(here, f32x4.mul(half, sum)));
    }
  }
  extend(to);
}

/** Determinant of the Hessian, times reach^4, from first derivatives over pixels `reach` apart. */
export function determinant(dx: usize, dy: usize, to: usize, reach: i32): void {
  const side = f32x4.splat(3.0 / 32.0);
  const middle = f32x4.splat(10.0 / 32.0);
  const rows = 4 * reach * stride;
  const columns = 4 * reach;
  const factor = f32x4.splat(<f32>(reach * reach));
  for (let y = 0; y < height; y++) {
    const start = 4 * y * stride;
    for (let at = start; at < start + 4 * width; at += 16) {
      let p = dx + at;
      const falling = f32x4.sub(v128.load(p + rows + columns), v128.load(p - rows - columns));
      const rising = f32x4.sub(v128.load(p - rows + columns), v128.load(p + rows - columns));
      const across = f32x4.sub(v128.load(p + columns), v128.load(p - columns));
      const down = f32x4.sub(v128.load(p + rows), v128.load(p - rows));
      const xx = f32x4.add(f32x4.mul(side, f32x4.add(falling, rising)), f32x4.mul(middle, across));
      const xy = f32x4.add(f32x4.mul(side, f32x4.sub(falling, rising)), f32x4.mul(middle, down));
      p = dy + at;
      const right = f32x4.sub(v128.load(p + rows + columns), v128.load(p - rows + columns));
      const left = f32x4.sub(v128.load(p + rows - columns), v128.load(p - rows - columns));
      const between = f32x4.sub(v128.load(p + rows), v128.load(p - rows));
      const yy = f32x4.add(f32x4.mul(side, f32x4.add(right, left)), f32x4.mul(middle, between));
      // The second differences are not divided by `reach`, hence the factor.
      v128.store(to + at, f32x4.mul(factor, f32x4.sub(f32x4.mul(xx, yy), f32x4.mul(xy, xy))));
    }
  }
  extend(to);
}

/** Floats per extremum: column and row in its plane, response. */
const EXTREMUM_FLOATS: i32 = 3;

/** Determinants of the finer and the coarser level of the same size; 0 for none. */
let finer: usize = 0;
let coarser: usize = 0;

export function setNeighbours(finerPlane: usize, coarserPlane: usize): void {
  finer = finerPlane;
  coarser = coarserPlane;
}

/** Whether any of the 3x3 pixels around an address is above `value`. */
function exceeds(middle: usize, value: f32): bool {
  const rows = 4 * stride;
  const limit = f32x4.splat(value);
  // Four pixels are loaded per row; the mask excludes the fourth.
  const upper = f32x4.gt(v128.load(middle - rows - 4), limit);
  const same = f32x4.gt(v128.load(middle - 4), limit);
  const lower = f32x4.gt(v128.load(middle + rows - 4), limit);
  return (i32x4.bitmask(v128.or(upper, v128.or(same, lower))) & 7) != 0;
}

/**
 * Finds local maxima above `threshold`, at least `margin` pixels from the edge, and writes at most `most` of them.
 * @returns their number
 */
export function findExtrema(plane: usize, threshold: f32, margin: i32, out: usize, most: i32): i32 {
  const limit = f32x4.splat(threshold);
  const rows = 4 * stride;
  let count = 0;
  for (let y = margin; y < height - margin; y++) {
    for (let x = margin; x < width - margin; x += 4) {
      const p = plane + 4 * (y * stride + x);
      const here = v128.load(p);
      let peak = f32x4.gt(here, limit);
      if (!v128.any_true(peak)) continue;
      peak = v128.and(peak, v128.and(f32x4.gt(here, v128.load(p - 4)), f32x4.ge(here, v128.load(p + 4))));
      peak = v128.and(
        peak,
        v128.and(f32x4.gt(here, v128.load(p - rows)), f32x4.ge(here, v128.load(p + rows))),
      );
      if (!v128.any_true(peak)) continue;
      peak = v128.and(peak, f32x4.gt(here, v128.load(p - rows - 4)));
      peak = v128.and(peak, f32x4.gt(here, v128.load(p - rows + 4)));
      peak = v128.and(peak, f32x4.ge(here, v128.load(p + rows - 4)));
      peak = v128.and(peak, f32x4.ge(here, v128.load(p + rows + 4)));
      let lanes = i32x4.bitmask(peak);
      while (lanes != 0) {
        const lane = ctz(lanes);
        lanes &= lanes - 1;
        if (x + lane >= width - margin || count >= most) break;
        const at = p + 4 * lane;
        const value = load<f32>(at);
        if (finer != 0 && exceeds(finer + (at - plane), value)) continue;
        if (coarser != 0 && exceeds(coarser + (at - plane), value)) continue;
        count += refine(at, x + lane, y, out + 4 * EXTREMUM_FLOATS * count);
      }
    }
  }
  return count;
}

/**
 * Fits a paraboloid to the 3x3 neighbourhood and writes its peak. @returns 1 if there is a peak within a pixel, else 0
 */
function refine(p: usize, x: i32, y: i32, out: usize): i32 {
  const value = load<f32>(p);
  const rows = 4 * stride;
  const dx: f32 = 0.5 * (load<f32>(p + 4) - load<f32>(p - 4));
  const dy: f32 = 0.5 * (load<f32>(p + rows) - load<f32>(p - rows));
  const xx = load<f32>(p + 4) + load<f32>(p - 4) - 2 * value;
  const yy = load<f32>(p + rows) + load<f32>(p - rows) - 2 * value;
  const xy: f32 =
    0.25 *
    (load<f32>(p + rows + 4) + load<f32>(p - rows - 4) - load<f32>(p - rows + 4) - load<f32>(p + rows - 4));
  const determinant = xx * yy - xy * xy;
  if (determinant <= 0) return 0;
  const offsetX: f32 = (xy * dy - yy * dx) / determinant;
  const offsetY: f32 = (xy * dx - xx * dy) / determinant;
  if (abs(offsetX) > 1 || abs(offsetY) > 1) return 0;
  store<f32>(out, <f32>x + offsetX);
  store<f32>(out, <f32>y + offsetY, 4);
  store<f32>(out, value, 8);
  return 1;
}
