import type { Image, FloatImage } from '../image/image.js';
import type { Mask } from '../image/mask.js';

/** Floats per cell: premultiplied red, green, blue, and the weight. */
const STRIDE = 4;
/** A cell counts as fully known when at least this share of its neighbourhood is known. */
const ENOUGH = 0.25;

/** One pyramid level; `data` holds colour times weight, and the weight. */
interface Cells {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/**
 * Push-pull fill: averages known colours into ever coarser levels (5-tap binomial kernel, every second pixel) until
 * every cell is known, then interpolates back into the unknown pixels. The result is smooth, and exact for a constant
 * image. Known pixels are unchanged. When nothing is known, the hole becomes black.
 */
export function pushPullFill(image: Image, hole: Mask): FloatImage {
  const levels = [weigh(image, hole)];
  for (let top = levels[0]; Math.max(top.width, top.height) > 1; top = levels[levels.length - 1]) {
    levels.push(normalise(shrinkHalf(top)));
  }
  let filled = levels[levels.length - 1];
  for (let index = levels.length - 2; index >= 0; index--) filled = pull(levels[index], filled);
  const data = new Float32Array(image.data.length);
  for (let i = 0, at = 0; at < data.length; i += STRIDE, at += 3) {
    for (let c = 0; c < 3; c++) data[at + c] = filled.data[i + c];
  }
  return { width: image.width, height: image.height, data };
}

function weigh({ width, height, data: rgb }: Image, hole: Mask): Cells {
  const data = new Float32Array(width * height * STRIDE);
  for (let i = 0; i < hole.data.length; i++) {
    if (hole.data[i] !== 0) continue;
    for (let c = 0; c < 3; c++) data[i * STRIDE + c] = rgb[i * 3 + c];
    data[i * STRIDE + 3] = 1;
  }
  return { width, height, data };
}

/**
 * Applies the kernel [1 4 6 4 1]/16 in both directions and keeps every second pixel; the border is extended by
 * repeating the last pixel.
 */
function shrinkHalf({ width, height, data }: Cells): Cells {
  const half = { width: (width + 1) >> 1, height: (height + 1) >> 1 };
  const line = half.width * STRIDE;
  const rows = new Float32Array(line * height);
  const columns = taps(width);
  for (let y = 0; y < height; y++) {
    mix(rows.subarray(y * line, (y + 1) * line), data.subarray(y * width * STRIDE), columns);
  }
  const shrunk = new Float32Array(line * half.height);
  const lines = taps(height);
  for (let y = 0; y < half.height; y++) {
    const [a, b, c, d, e] = lines.subarray(5 * y, 5 * y + 5).map((row) => row * line);
    for (let k = 0; k < line; k++) {
      shrunk[y * line + k] =
        (rows[a + k] + rows[e + k] + 4 * (rows[b + k] + rows[d + k]) + 6 * rows[c + k]) * 0.0625;
    }
  }
  return { ...half, data: shrunk };
}

/** Filters one row to half its width. */
function mix(target: Float32Array, row: Float32Array, columns: Int32Array): void {
  for (let to = 0, t = 0; to < target.length; to += STRIDE, t += 5) {
    const a = columns[t] * STRIDE;
    const b = columns[t + 1] * STRIDE;
    const c = columns[t + 2] * STRIDE;
    const d = columns[t + 3] * STRIDE;
    const e = columns[t + 4] * STRIDE;
    for (let k = 0; k < STRIDE; k++) {
      target[to + k] = (row[a + k] + row[e + k] + 4 * (row[b + k] + row[d + k]) + 6 * row[c + k]) * 0.0625;
    }
  }
}

/** For every second position, its five neighbours clamped to 0..size-1. */
function taps(size: number): Int32Array {
  return Int32Array.from({ length: 5 * ((size + 1) >> 1) }, (_, i) =>
    Math.min(size - 1, Math.max(0, 2 * Math.floor(i / 5) + (i % 5) - 2)),
  );
}

function normalise(cells: Cells): Cells {
  const { data } = cells;
  for (let i = 0; i < data.length; i += STRIDE) {
    const weight = data[i + 3];
    if (weight <= 0) continue;
    const share = Math.min(1, weight / ENOUGH);
    for (let c = 0; c < 3; c++) data[i + c] *= share / weight;
    data[i + 3] = share;
  }
  return cells;
}

/** Adds the interpolated coarser level to every cell, weighted by how much of the cell is unknown; in place. */
function pull(fine: Cells, coarse: Cells): Cells {
  const { width, height, data } = fine;
  const line = coarse.width * STRIDE;
  const lastRow = coarse.height - 1;
  const lastColumn = (coarse.width - 1) * STRIDE;
  const blended = new Float32Array(line);
  for (let y = 0; y < height; y++) {
    blendRows(blended, coarse, y, lastRow);
    for (let x = 0, at = y * width * STRIDE; x < width; x++, at += STRIDE) {
      const missing = 1 - data[at + 3];
      if (missing <= 0) continue;
      const centre = (x >> 1) * STRIDE;
      const right = Math.min(lastColumn, centre + STRIDE);
      const left = Math.max(0, centre - STRIDE);
      for (let c = 0; c < 3; c++) {
        const value =
          (x & 1) === 1
            ? 0.5 * (blended[centre + c] + blended[right + c])
            : 0.125 * (blended[left + c] + 6 * blended[centre + c] + blended[right + c]);
        data[at + c] += missing * value;
      }
    }
  }
  return fine;
}

/** Interpolates the coarser level at row `y` of the finer one. */
function blendRows(target: Float32Array, { width, data }: Cells, y: number, lastRow: number): void {
  const line = width * STRIDE;
  const centre = (y >> 1) * line;
  const below = Math.min(lastRow, (y >> 1) + 1) * line;
  const above = Math.max(0, (y >> 1) - 1) * line;
  for (let k = 0; k < line; k++) {
    target[k] =
      (y & 1) === 1
        ? 0.5 * (data[centre + k] + data[below + k])
        : 0.125 * (data[above + k] + 6 * data[centre + k] + data[below + k]);
  }
}
