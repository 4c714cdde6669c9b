import { solveNormalEquations } from '../../geometry/normal-equations.js';

/** What an image around a point becomes in another one: x by column and row, y by column and row. */
export type Stretch = readonly [xByColumn: number, xByRow: number, yByColumn: number, yByRow: number];

/** Pixels by which coordinates are divided: keeps the equations well-conditioned. */
const UNIT = 100;
/** Fewer pairs than this have a linear map, which lens and perspective do not bend. */
const MIN_FOR_QUADRATIC = 14;
const MIN_FOR_LINEAR = 6;
const [LINEAR, QUADRATIC] = [3, 6];
/** Pairs that are used, evenly spread ones of more. */
const MAX_PAIRS = 64;
/** How often the map is fitted, pairs that lie far from the last one counting less. */
const ROUNDS = 2;
/** Square of the distance (pixels) at which a pair counts a quarter where most pairs lie on the map. */
const LEAST_LIMIT = 1;
/** Squared distances at which a pair counts a quarter, in medians. */
const LIMIT_MEDIANS = 4;

/**
 * The map of one image to another that fits pairs of points best, of first or second order. Near a point it is what a
 * homography of a plane, or a lens, makes of the image there; where the scene is deep it is the mean of what lies around.
 */
export class LocalMap {
  readonly #middle: readonly [number, number];
  readonly #terms: number;
  /** For x, then for y: 1, x, y, x², xy, y². */
  #coefficients: readonly [readonly number[], readonly number[]];

  private constructor(goal: Float64Array, terms: number) {
    this.#middle = [middleOf(goal, 0), middleOf(goal, 1)];
    this.#terms = terms;
    this.#coefficients = [[], []];
  }

  /**
   * @param allGoal `[n, 2]` pixels
   * @param allCurrent `[n, 2]` pixels
   * @returns null when the pairs are too few or do not determine it
   */
  static fit(allGoal: Float64Array, allCurrent: Float64Array): LocalMap | null {
    const stride = Math.ceil(allGoal.length / 2 / MAX_PAIRS);
    const some = (_: number, k: number): boolean => (k >> 1) % stride === 0;
    const [goal, current] =
      stride > 1 ? [allGoal.filter(some), allCurrent.filter(some)] : [allGoal, allCurrent];
    const count = goal.length / 2;
    if (count < MIN_FOR_LINEAR) return null;
    for (const terms of count < MIN_FOR_QUADRATIC ? [LINEAR] : [QUADRATIC, LINEAR]) {
      const map = new LocalMap(goal, terms);
      if (map.#fit(goal, current)) return map;
    }
    return null;
  }

  /** What becomes of the image around a place of the goal, pixels. */
  stretchAt(x: number, y: number): Stretch {
    const [right, below] = [(x - this.#middle[0]) / UNIT, (y - this.#middle[1]) / UNIT];
    const slopes = ([, a, b, aa = 0, ab = 0, bb = 0]: readonly number[]) =>
      [(a + 2 * aa * right + ab * below) / UNIT, (b + ab * right + 2 * bb * below) / UNIT] as const;
    return [...slopes(this.#coefficients[0]), ...slopes(this.#coefficients[1])];
  }

  #fit(goal: Float64Array, current: Float64Array): boolean {
    const count = goal.length / 2;
    const size = this.#terms;
    const rows = new Float64Array(size * count);
    for (let k = 0; k < count; k++) this.#writeTerms(rows, k, goal);
    const weights = new Float64Array(count).fill(1);
    for (let round = 0; round < ROUNDS; round++) {
      const solved = solve({ rows, size, weights }, current);
      if (solved === null) return false;
      this.#coefficients = solved;
      const misses = missesOf(rows, solved, current);
      const limit = LIMIT_MEDIANS * Math.max(misses.slice().sort()[count >> 1], LEAST_LIMIT / LIMIT_MEDIANS);
      for (let k = 0; k < count; k++) weights[k] = (limit / (limit + misses[k])) ** 2;
    }
    return true;
  }

  #writeTerms(rows: Float64Array, k: number, goal: Float64Array): void {
    const x = (goal[2 * k] - this.#middle[0]) / UNIT;
    const y = (goal[2 * k + 1] - this.#middle[1]) / UNIT;
    const at = this.#terms * k;
    rows[at] = 1;
    rows[at + 1] = x;
    rows[at + 2] = y;
    if (this.#terms === LINEAR) return;
    rows[at + 3] = x * x;
    rows[at + 4] = x * y;
    rows[at + 5] = y * y;
  }
}

interface WeightedRows {
  /** `[n, size]` */
  readonly rows: Float64Array;
  readonly size: number;
  readonly weights: Float64Array;
}

function solve(
  { rows, size, weights }: WeightedRows,
  current: Float64Array,
): readonly [number[], number[]] | null {
  const matrix = new Float64Array(size * size);
  const [right, below] = [new Float64Array(size), new Float64Array(size)];
  for (let k = 0; k < weights.length; k++) {
    for (let i = 0; i < size; i++) {
      const scaled = weights[k] * rows[size * k + i];
      right[i] += scaled * current[2 * k];
      below[i] += scaled * current[2 * k + 1];
      for (let j = 0; j <= i; j++) matrix[size * i + j] += scaled * rows[size * k + j];
    }
  }
  const x = solveNormalEquations(matrix, right);
  const y = solveNormalEquations(matrix, below);
  return x === null || y === null ? null : [x, y];
}

/** Squared distances of the pairs to the map. */
function missesOf(
  rows: Float64Array,
  [forX, forY]: readonly [readonly number[], readonly number[]],
  current: Float64Array,
): Float64Array {
  const size = forX.length;
  return Float64Array.from({ length: rows.length / size }, (_, k) => {
    let [x, y] = [-current[2 * k], -current[2 * k + 1]];
    for (let i = 0; i < size; i++) {
      x += forX[i] * rows[size * k + i];
      y += forY[i] * rows[size * k + i];
    }
    return x * x + y * y;
  });
}

function middleOf(points: Float64Array, axis: number): number {
  let sum = 0;
  for (let k = axis; k < points.length; k += 2) sum += points[k];
  return (2 * sum) / points.length;
}
