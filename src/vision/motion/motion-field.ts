import type { Size } from '../image/image.js';

/**
 * Maps every point of one frame to another: positions at the nodes of a lattice over the frame, bilinear between and
 * beyond them. Node (i, j) is at pixel (i, j) times `step`.
 */
export interface MotionField {
  /** Pixels between nodes. */
  readonly step: number;
  readonly columns: number;
  readonly rows: number;
  /** `[rows, columns]`: position in pixels of the other frame. */
  readonly u: Float32Array;
  readonly v: Float32Array;
}

/** A point of a frame, written by {@link follow}. */
export type Place = Float64Array;

/** Creates a field from a function of the node; the lattice covers the frame. */
export function makeField(
  { width, height }: Size,
  step: number,
  place: (x: number, y: number, node: number) => readonly [number, number],
): MotionField {
  const columns = Math.max(2, Math.ceil((width - 1) / step) + 1);
  const rows = Math.max(2, Math.ceil((height - 1) / step) + 1);
  const [u, v] = [new Float32Array(columns * rows), new Float32Array(columns * rows)];
  for (let node = 0; node < u.length; node += 1) {
    const column = node % columns;
    [u[node], v[node]] = place(column * step, ((node - column) / columns) * step, node);
  }
  return { step, columns, rows, u, v };
}

/** The identity field. */
export function stillField(size: Size, step: number): MotionField {
  return makeField(size, step, (x, y) => [x, y]);
}

/** Maps the point (x, y) to the other frame; writes the result to `out`. */
export function follow({ step, columns, rows, u, v }: MotionField, x: number, y: number, out: Place): void {
  const i = Math.min(columns - 2, Math.max(0, Math.floor(x / step)));
  const j = Math.min(rows - 2, Math.max(0, Math.floor(y / step)));
  const [fx, fy] = [x / step - i, y / step - j];
  const at = j * columns + i;
  const top = u[at] + (u[at + 1] - u[at]) * fx;
  const bottom = u[at + columns] + (u[at + columns + 1] - u[at + columns]) * fx;
  const left = v[at] + (v[at + 1] - v[at]) * fx;
  const right = v[at + columns] + (v[at + columns + 1] - v[at + columns]) * fx;
  out[0] = top + (bottom - top) * fy;
  out[1] = left + (right - left) * fy;
}

/** Composition of two fields: applies `first`, then `second`. */
export function chain(first: MotionField, second: MotionField): MotionField {
  const [u, v] = [new Float32Array(first.u.length), new Float32Array(first.v.length)];
  const place = new Float64Array(2);
  for (let node = 0; node < u.length; node += 1) {
    follow(second, first.u[node], first.v[node], place);
    [u[node], v[node]] = place;
  }
  return { ...first, u, v };
}

/** Fixed-point iterations; enough for a thousandth of a pixel between neighbouring frames. */
const ROUNDS = 8;

/** Inverse field, by fixed-point iteration. The motion must not rotate or scale by much. */
export function reverse(field: MotionField): MotionField {
  const { step, columns } = field;
  const [u, v] = [new Float32Array(field.u.length), new Float32Array(field.v.length)];
  const place = new Float64Array(2);
  for (let node = 0; node < u.length; node += 1) {
    const column = node % columns;
    const [x, y] = [column * step, ((node - column) / columns) * step];
    let [p, q] = [x, y];
    for (let round = 0; round < ROUNDS; round += 1) {
      follow(field, p, q, place);
      p += x - place[0];
      q += y - place[1];
    }
    u[node] = p;
    v[node] = q;
  }
  return { ...field, u, v };
}
