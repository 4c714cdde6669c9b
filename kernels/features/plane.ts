/**
 * Floating-point planes with a border, and stencils over them. A plane is given by the address of its first pixel; rows
 * are `stride` pixels apart, and BORDER pixels around the image may be read and written.
 */

export const BORDER: i32 = 4;

/** Size of the current planes. Whole SIMD vectors are computed, up to three pixels beyond the right edge. */
export let width: i32 = 0;
export let height: i32 = 0;
export let stride: i32 = 0;

export function setSize(columns: i32, rows: i32): void {
  width = columns;
  height = rows;
  stride = strideOf(columns);
}

export function strideOf(columns: i32): i32 {
  return ((columns + 3) & ~3) + 2 * BORDER;
}

/** Bytes of a plane of the current size. */
export function planeBytes(): i32 {
  return 4 * stride * (height + 2 * BORDER);
}

/** Address of the first pixel of a plane whose memory starts at `block`. */
export function firstPixel(block: usize): usize {
  return block + 4 * (BORDER * stride + BORDER);
}

/** Fills the border with the nearest pixels of the image. */
export function extend(plane: usize): void {
  for (let y = 0; y < height; y++) {
    const row = plane + 4 * y * stride;
    v128.store(row - 4 * BORDER, f32x4.splat(load<f32>(row)));
    const last = load<f32>(row + 4 * (width - 1));
    for (let x = width; x < stride - BORDER; x++) store<f32>(row + 4 * x, last);
  }
  extendRows(plane);
}

/** Fills the border above and below only. */
export function extendRows(plane: usize): void {
  const bytes = 4 * stride;
  const first = plane - 4 * BORDER;
  const last = first + bytes * (height - 1);
  for (let k = 1; k <= BORDER; k++) {
    memory.copy(first - bytes * k, first, bytes);
    memory.copy(last + bytes * k, last, bytes);
  }
}

/** Converts grey values from 0..255 to 0..1. */
export function fromGrey(grey: usize, plane: usize): void {
  const scale: f32 = 1.0 / 255.0;
  const whole = width & ~3;
  for (let y = 0; y < height; y++) {
    const from = grey + y * width;
    const to = plane + 4 * y * stride;
    for (let x = 0; x < whole; x += 4) {
      const four = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(from + x)));
      v128.store(to + 4 * x, f32x4.mul(f32x4.convert_i32x4_u(four), f32x4.splat(scale)));
    }
    for (let x = whole; x < width; x++) store<f32>(to + 4 * x, <f32>load<u8>(from + x) * scale);
  }
  extend(plane);
}

/** Separable blur with a symmetric kernel of `radius` up to BORDER; `weights` contains the centre weight first. */
export function blur(from: usize, to: usize, between: usize, weights: usize, radius: i32): void {
  const bytes = 4 * stride;
  const middle = v128.load32_splat(weights);
  for (let y = 0; y < height; y++) {
    const end = from + y * bytes + 4 * width;
    let out = between + y * bytes;
    for (let at = from + y * bytes; at < end; at += 16, out += 16) {
      let sum = f32x4.mul(middle, v128.load(at));
      for (let k = 1; k <= radius; k++) {
        const both = f32x4.add(v128.load(at - 4 * k), v128.load(at + 4 * k));
        sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(weights + 4 * k), both));
      }
      v128.store(out, sum);
    }
  }
  extendRows(between);
  for (let y = 0; y < height; y++) {
    const end = between + y * bytes + 4 * width;
    let out = to + y * bytes;
    for (let at = between + y * bytes; at < end; at += 16, out += 16) {
      let sum = f32x4.mul(middle, v128.load(at));
      for (let k = 1; k <= radius; k++) {
        const both = f32x4.add(v128.load(at - k * bytes), v128.load(at + k * bytes));
        sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(weights + 4 * k), both));
      }
      v128.store(out, sum);
    }
  }
  extend(to);
}

/** Means of 2x2 pixels of a plane twice as large, into the current size; an odd last row or column is ignored. */
export function halve(from: usize, largerStride: i32, to: usize): void {
  const quarter = f32x4.splat(0.25);
  for (let y = 0; y < height; y++) {
    let upper = from + 8 * y * largerStride;
    const row = to + 4 * y * stride;
    for (let x = 0; x < width; x += 4, upper += 32) {
      const lower = upper + 4 * largerStride;
      const left = f32x4.add(v128.load(upper), v128.load(lower));
      const right = f32x4.add(v128.load(upper + 16), v128.load(lower + 16));
      const even = v128.shuffle<f32>(left, right, 0, 2, 4, 6);
      const odd = v128.shuffle<f32>(left, right, 1, 3, 5, 7);
      v128.store(row + 4 * x, f32x4.mul(quarter, f32x4.add(even, odd)));
    }
  }
  extend(to);
}

/** Scharr derivatives over pixels `reach` apart, per pixel. */
export function derivatives(from: usize, dx: usize, dy: usize, reach: i32): void {
  const side = f32x4.splat(3.0 / 32.0 / <f32>reach);
  const middle = f32x4.splat(10.0 / 32.0 / <f32>reach);
  const rows = 4 * reach * stride;
  const columns = 4 * reach;
  for (let y = 0; y < height; y++) {
    const start = 4 * y * stride;
    for (let at = start; at < start + 4 * width; at += 16) {
      const p = from + at;
      const upperLeft = v128.load(p - rows - columns);
      const upperRight = v128.load(p - rows + columns);
      const lowerLeft = v128.load(p + rows - columns);
      const lowerRight = v128.load(p + rows + columns);
      const falling = f32x4.sub(lowerRight, upperLeft);
      const rising = f32x4.sub(upperRight, lowerLeft);
      const across = f32x4.sub(v128.load(p + columns), v128.load(p - columns));
      const down = f32x4.sub(v128.load(p + rows), v128.load(p - rows));
      v128.store(dx + at, f32x4.add(f32x4.mul(side, f32x4.add(falling, rising)), f32x4.mul(middle, across)));
      v128.store(dy + at, f32x4.add(f32x4.mul(side, f32x4.sub(falling, rising)), f32x4.mul(middle, down)));
    }
  }
  extend(dx);
  extend(dy);
}
