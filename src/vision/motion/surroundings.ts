import { holeDepth } from '../inpainting/hole-distance.js';
import { boundsOf, type Mask } from '../image/mask.js';
import { growBox, type Box } from '../image/box.js';

/**
 * Side of a cell in pixels, and width of the compared ring in cells, for images whose long side is {@link FULL_SIDE}.
 */
const CELL = 8;
const RING_CELLS = 1.5;
const FULL_SIDE = 640;
/** Cells with fewer known pixels than this are ignored. */
export const MIN_PIXELS = 6;
/**
 * Sweeps of successive over-relaxation; few suffice, because there are few cells and they start at the mean of the
 * fixed ones.
 */
const SWEEPS = 60;
const OVERRELAXATION = 1.7;

/**
 * The known pixels around a hole, grouped into square cells of a lattice over the hole's bounding box. Values measured
 * in these cells are extrapolated into the hole, so that each part of it depends on the nearest border.
 */
export class Surroundings {
  /** Indices of the known pixels near the hole. */
  readonly ring: Int32Array;
  /** Cell of each pixel of {@link ring}. */
  readonly cellOf: Int32Array;
  readonly columns: number;
  readonly rows: number;
  /** Bounding box of the hole. */
  readonly box: Box;
  /** Side of a cell in pixels. */
  readonly cell: number;
  readonly #left: number;
  readonly #top: number;
  /** Width of the hole in cells: twice its depth. */
  readonly #widthInCells: number;
  /** 1 for cells in the hole or in the ring around it. */
  readonly #inside: Uint8Array;

  constructor(hole: Mask) {
    const { width, height } = hole;
    const scale = Math.max(1, Math.max(width, height) / FULL_SIDE);
    const reach = Math.round(CELL * RING_CELLS * scale);
    this.cell = Math.round(CELL * scale);
    const box = boundsOf(hole) ?? { left: 0, top: 0, width: 1, height: 1 };
    this.box = box;
    const area = growBox(box, reach, hole);
    const { left, top } = area;
    [this.#left, this.#top] = [left, top];
    this.columns = Math.ceil(area.width / this.cell);
    this.rows = Math.ceil(area.height / this.cell);
    this.#inside = new Uint8Array(this.columns * this.rows);
    this.#widthInCells = Math.ceil((2 * holeDepth(hole)) / this.cell) + 1;
    const near = dilate(hole, area, reach);
    const [ring, cellOf]: [number[], number[]] = [[], []];
    for (let y = top; y < top + area.height; y += 1) {
      for (let x = left; x < left + area.width; x += 1) {
        if (near[(y - top) * area.width + x - left] === 0) continue;
        const cell = this.#cellAt(x, y);
        this.#inside[cell] = 1;
        if (hole.data[y * width + x] !== 0) continue;
        ring.push(y * width + x);
        cellOf.push(cell);
      }
    }
    this.ring = Int32Array.from(ring);
    this.cellOf = Int32Array.from(cellOf);
  }

  #cellAt(x: number, y: number): number {
    return Math.floor((y - this.#top) / this.cell) * this.columns + Math.floor((x - this.#left) / this.cell);
  }

  /**
   * Extrapolates values smoothly from the fixed cells to all other cells in and around the hole by solving the discrete
   * Laplace equation, so that no value exceeds the range of the fixed ones.
   * @param values changed in place
   * @param fixed 1 where a cell has a value; at least one is required
   */
  extend(values: Float32Array, fixed: Uint8Array): void {
    const { columns, rows } = this;
    let [sum, count] = [0, 0];
    fixed.forEach((is, cell) => {
      if (is === 0) return;
      sum += values[cell];
      count += 1;
    });
    const free: number[] = [];
    for (let cell = 0; cell < values.length; cell += 1) {
      if (fixed[cell] !== 0) continue;
      values[cell] = sum / count;
      if (this.#inside[cell] !== 0) free.push(cell);
    }
    const takesPart = (cell: number) => fixed[cell] !== 0 || this.#inside[cell] !== 0;
    const around = free.map((cell) => {
      const x = cell % columns;
      const y = (cell - x) / columns;
      const neighbours = [
        ...(x > 0 ? [cell - 1] : []),
        ...(x + 1 < columns ? [cell + 1] : []),
        ...(y > 0 ? [cell - columns] : []),
        ...(y + 1 < rows ? [cell + columns] : []),
      ];
      return neighbours.filter(takesPart);
    });
    for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
      free.forEach((cell, index) => {
        const others = around[index];
        if (others.length === 0) return;
        let total = 0;
        for (const other of others) total += values[other];
        values[cell] += OVERRELAXATION * (total / others.length - values[cell]);
      });
    }
  }

  /**
   * Writes `value` to the part of the hole across from some cells, over its whole width: a fill should come from one
   * image, because half of an edge that ends abruptly looks worse than none.
   */
  spread(values: Float32Array, from: Uint8Array, value: number): void {
    const { columns, rows } = this;
    const reach = this.#widthInCells;
    from.forEach((is, cell) => {
      if (is === 0) return;
      const x = cell % columns;
      const y = (cell - x) / columns;
      for (let j = Math.max(0, y - reach); j <= Math.min(rows - 1, y + reach); j += 1)
        values.fill(
          value,
          j * columns + Math.max(0, x - reach),
          j * columns + Math.min(columns - 1, x + reach) + 1,
        );
    });
  }

  /** Value at a pixel, interpolated between the cell centres. */
  at(values: Float32Array, x: number, y: number): number {
    const { columns, rows } = this;
    const column = Math.min(columns - 1, Math.max(0, (x - this.#left + 0.5) / this.cell - 0.5));
    const row = Math.min(rows - 1, Math.max(0, (y - this.#top + 0.5) / this.cell - 0.5));
    const [i, j] = [Math.min(columns - 1, Math.floor(column)), Math.min(rows - 1, Math.floor(row))];
    const [right, below] = [Math.min(columns - 1, i + 1), Math.min(rows - 1, j + 1)];
    const [fx, fy] = [column - i, row - j];
    const upper = values[j * columns + i] * (1 - fx) + values[j * columns + right] * fx;
    const lower = values[below * columns + i] * (1 - fx) + values[below * columns + right] * fx;
    return upper * (1 - fy) + lower * fy;
  }
}

/**
 * Marks the pixels of a box within `reach` pixels of the hole along both axes, by running counts along rows, then
 * columns.
 */
function dilate({ width, data }: Mask, { left, top, width: w, height: h }: Box, reach: number): Uint8Array {
  const wide = new Uint8Array(w * h);
  for (let y = 0; y < h; y += 1) {
    const start = (y + top) * width + left;
    const row = data.subarray(start, start + w);
    markWithin(
      (at) => row[at],
      { length: w, reach },
      (at) => (wide[y * w + at] = 1),
    );
  }
  const near = new Uint8Array(w * h);
  for (let x = 0; x < w; x += 1)
    markWithin(
      (at) => wide[at * w + x],
      { length: h, reach },
      (at) => (near[at * w + x] = 1),
    );
  return near;
}

/** Marks all positions within `reach` of a set one. */
function markWithin(
  read: (at: number) => number,
  { length, reach }: { readonly length: number; readonly reach: number },
  mark: (at: number) => void,
): void {
  let count = 0;
  for (let at = -reach; at < length; at += 1) {
    if (at + reach < length && read(at + reach) !== 0) count += 1;
    if (at - reach - 1 >= 0 && read(at - reach - 1) !== 0) count -= 1;
    if (at >= 0 && count > 0) mark(at);
  }
}
