/**
 * Grey images of one byte per pixel with a border, and operations on whole images. A plane is given by the address of
 * its first pixel; BORDER pixels around the image may be read and written.
 */

export const BORDER: i32 = 32;

/** Size of the current planes. Whole SIMD vectors are computed, up to 15 pixels beyond the right edge. */
export let width: i32 = 0;
export let height: i32 = 0;
export let stride: i32 = 0;

export function setSize(columns: i32, rows: i32): void {
  width = columns;
  height = rows;
  stride = strideOf(columns);
}

export function strideOf(columns: i32): i32 {
  return ((columns + 15) & ~15) + 2 * BORDER;
}

/** Bytes of a plane of the current size. */
export function planeBytes(): i32 {
  return stride * (height + 2 * BORDER);
}

/** Address of the first pixel of a plane whose memory starts at `block`. */
export function firstPixel(block: usize): usize {
  return block + BORDER * stride + BORDER;
}

/** Fills the border with the nearest pixels of the image. */
export function extend(plane: usize): void {
  for (let y = 0; y < height; y++) {
    const row = plane + y * stride;
    memory.fill(row - BORDER, load<u8>(row), BORDER);
    memory.fill(row + width, load<u8>(row + width - 1), stride - BORDER - width);
  }
  const first = plane - BORDER;
  const last = first + stride * (height - 1);
  for (let k = 1; k <= BORDER; k++) {
    memory.copy(first - stride * k, first, stride);
    memory.copy(last + stride * k, last, stride);
  }
}

/** Copies an image without border into a plane. */
export function fromGrey(grey: usize, plane: usize): void {
  for (let y = 0; y < height; y++) memory.copy(plane + y * stride, grey + y * width, width);
  extend(plane);
}

/** Weights of a Gaussian with a standard deviation of two pixels, in 256ths, from the centre outwards. */
const BLUR_0: i16 = 56;
const BLUR_1: i16 = 49;
const BLUR_2: i16 = 33;
const BLUR_3: i16 = 18;

function wide(at: usize): v128 {
  return v128.load8x8_u(at);
}

/** Weighted sums of seven pixels `step` bytes apart, for eight pixels. */
function blurred(at: usize, step: usize): v128 {
  const near = i16x8.mul(i16x8.splat(BLUR_1), i16x8.add(wide(at - step), wide(at + step)));
  const far = i16x8.mul(i16x8.splat(BLUR_2), i16x8.add(wide(at - 2 * step), wide(at + 2 * step)));
  const outer = i16x8.mul(i16x8.splat(BLUR_3), i16x8.add(wide(at - 3 * step), wide(at + 3 * step)));
  const middle = i16x8.add(i16x8.mul(i16x8.splat(BLUR_0), wide(at)), i16x8.splat(128));
  // Values up to 65408 need the unsigned shift.
  return i16x8.shr_u(i16x8.add(i16x8.add(middle, near), i16x8.add(far, outer)), 8);
}

/** Separable Gaussian blur with a standard deviation of two pixels and seven taps. */
export function blur(from: usize, to: usize, between: usize): void {
  for (let y = -3; y < height + 3; y++) {
    const start = y * stride;
    for (let at = start; at < start + width; at += 16) {
      const bytes = i8x16.narrow_i16x8_u(blurred(from + at, 1), blurred(from + at + 8, 1));
      v128.store(between + at, bytes);
    }
  }
  for (let y = 0; y < height; y++) {
    const start = y * stride;
    for (let at = start; at < start + width; at += 16) {
      const bytes = i8x16.narrow_i16x8_u(blurred(between + at, stride), blurred(between + at + 8, stride));
      v128.store(to + at, bytes);
    }
  }
  extend(to);
}

/** Bytes of the plan of eight columns: start, byte indices of the left and right neighbours, weights. */
const PLAN_BYTES: i32 = 64;
const FRACTION: f64 = 128;

/** Bytes written by {@link planColumns}. */
export function columnPlanBytes(columns: i32): i32 {
  return PLAN_BYTES * ((columns + 7) / 8);
}

/** Plans the columns of a downscaled image: eight of them are interpolated from at most sixteen source columns. */
export function planColumns(from: i32, to: i32, plan: usize): void {
  const ratio = <f64>from / <f64>to;
  for (let x = 0; x < ((to + 7) & ~7); x++) {
    const entry = plan + PLAN_BYTES * (x >> 3);
    const place = max((<f64>x + 0.5) * ratio - 0.5, 0);
    const left = <i32>place;
    if ((x & 7) == 0) store<i32>(entry, left);
    const lane = 2 * (x & 7);
    // A swizzle yields 0 for indices >= 16: the high byte of a 16-bit value.
    store<u8>(entry + lane, <u8>(left - load<i32>(entry)), 16);
    store<u8>(entry + lane, 0xff, 17);
    store<u8>(entry + lane, <u8>(left + 1 - load<i32>(entry)), 32);
    store<u8>(entry + lane, 0xff, 33);
    store<i16>(entry + lane, <i16>((place - <f64>left) * FRACTION + 0.5), 48);
  }
}

/** Downscales an image by at most 1.8 to the current size, bilinearly; `row` is a buffer for one source row. */
export function shrink(from: usize, columns: i32, rows: i32, to: usize, row: usize, plan: usize): void {
  const largerStride = strideOf(columns);
  const ratio = <f64>rows / <f64>height;
  for (let y = 0; y < height; y++) {
    const place = max((<f64>y + 0.5) * ratio - 0.5, 0);
    const top = <i32>place;
    const below = i16x8.splat(<i16>((place - <f64>top) * FRACTION + 0.5));
    const above = i16x8.sub(i16x8.splat(128), below);
    const source = from + top * largerStride;
    // Pixels beyond the last column and row are in the border.
    for (let x = 0; x < columns + 16; x += 16) {
      const left = lerp(wide(source + x), wide(source + largerStride + x), above, below);
      const right = lerp(wide(source + x + 8), wide(source + largerStride + x + 8), above, below);
      v128.store(row + x, i8x16.narrow_i16x8_u(left, right));
    }
    let entry = plan;
    for (let out = to + y * stride; out < to + y * stride + width; out += 8, entry += PLAN_BYTES) {
      const sixteen = v128.load(row + load<i32>(entry));
      const right = v128.load(entry + 48);
      const left = i16x8.sub(i16x8.splat(128), right);
      const eight = lerp(
        i8x16.swizzle(sixteen, v128.load(entry + 16)),
        i8x16.swizzle(sixteen, v128.load(entry + 32)),
        left,
        right,
      );
      v128.store64_lane(out, i8x16.narrow_i16x8_u(eight, eight), 0);
    }
  }
  extend(to);
}

function lerp(first: v128, second: v128, firstWeight: v128, secondWeight: v128): v128 {
  const sum = i16x8.add(i16x8.mul(first, firstWeight), i16x8.mul(second, secondWeight));
  return i16x8.shr_u(i16x8.add(sum, i16x8.splat(64)), 7);
}
