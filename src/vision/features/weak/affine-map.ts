import { NormalEquations } from '../../geometry/normal-equations.js';

/** Pairs of points, row by row, pixels. */
export interface PointRows {
  readonly goal: Float32Array;
  readonly current: Float32Array;
}

/** `u = a x + b y + c`, `v = d x + e y + f`: pixels of the goal to pixels of the frame. */
export type AffineMap = readonly [number, number, number, number, number, number];

/** A map and how far the pairs that it was fitted to lie from it, pixels. */
export interface FittedMap {
  readonly map: AffineMap;
  readonly deviation: number;
}

/** Fewer pairs than this leave no evidence for a stretch: a similarity is fitted instead. */
const MIN_FOR_AFFINE = 6;
const ROUNDS = 5;
const MIN_DEVIATION = 2;

/** Where a map puts a goal point. */
export const mapped = ([a, b, c, d, e, f]: AffineMap, x: number, y: number): readonly [number, number] => [
  a * x + b * y + c,
  d * x + e * y + f,
];

/** Distance of a pair to where the map puts its goal point, pixels. */
export function missOf(map: AffineMap, { goal, current }: PointRows, k: number): number {
  const [u, v] = mapped(map, goal[2 * k], goal[2 * k + 1]);
  return Math.hypot(u - current[2 * k], v - current[2 * k + 1]);
}

/** The map that fits the rows best, far ones counting less each round (Cauchy weights); `null` when they do not fix it. */
export function fitMap(pairs: PointRows, rows: readonly number[]): FittedMap | null {
  const solve = rows.length >= MIN_FOR_AFFINE ? affine : similarity;
  let weights: readonly number[] = rows.map(() => 1);
  let fitted: FittedMap | null = null;
  for (let round = 0; round < ROUNDS; round++) {
    const map = solve(pairs, rows, weights);
    if (map === null) return fitted;
    const misses = rows.map((k) => missOf(map, pairs, k));
    const deviation = Math.max(MIN_DEVIATION, 1.4826 * middle(misses));
    weights = misses.map((miss) => 1 / (1 + (miss / (2 * deviation)) ** 2));
    fitted = { map, deviation };
  }
  return fitted;
}

function affine(
  { goal, current }: PointRows,
  rows: readonly number[],
  weights: readonly number[],
): AffineMap | null {
  const [across, down] = [new NormalEquations(3), new NormalEquations(3)];
  rows.forEach((k, n) => {
    const row = [goal[2 * k] / 100, goal[2 * k + 1] / 100, 1];
    across.add(row, current[2 * k], weights[n]);
    down.add(row, current[2 * k + 1], weights[n]);
  });
  const [first, second] = [across.solve(), down.solve()];
  if (first === null || second === null) return null;
  return [first[0] / 100, first[1] / 100, first[2], second[0] / 100, second[1] / 100, second[2]];
}

function similarity(
  { goal, current }: PointRows,
  rows: readonly number[],
  weights: readonly number[],
): AffineMap | null {
  const equations = new NormalEquations(4);
  rows.forEach((k, n) => {
    const [x, y] = [goal[2 * k] / 100, goal[2 * k + 1] / 100];
    equations.add([x, -y, 1, 0], current[2 * k], weights[n]);
    equations.add([y, x, 0, 1], current[2 * k + 1], weights[n]);
  });
  const solved = equations.solve();
  if (solved === null) return null;
  const [a, b, x, y] = solved;
  return [a / 100, -b / 100, x, b / 100, a / 100, y];
}

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
