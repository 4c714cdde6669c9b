import { factorise, substitute, traceOf } from './cholesky.js';

/** Pivots below this multiple of the mean diagonal mark the equations as singular. */
const MIN_PIVOT = 1e-10;

/** Adds `weight * row row^T` to the lower triangle of a square matrix. */
function addOuterProduct(matrix: Float64Array, row: ArrayLike<number>, weight: number): void {
  const size = row.length;
  for (let i = 0; i < size; i++) {
    const scaled = weight * row[i];
    if (scaled === 0) continue;
    for (let j = 0; j <= i; j++) matrix[size * i + j] += scaled * row[j];
  }
}

/** Weighted least squares over rows `a . x = b`; accumulates only the normal equations. */
export class NormalEquations {
  readonly #matrix: Float64Array;
  readonly #right: Float64Array;

  /** @param unknowns number of unknowns */
  constructor(unknowns: number) {
    this.#matrix = new Float64Array(unknowns * unknowns);
    this.#right = new Float64Array(unknowns);
  }

  /** Adds one equation. */
  add(row: readonly number[], right: number, weight: number): void {
    for (let i = 0; i < row.length; i++) this.#right[i] += weight * row[i] * right;
    addOuterProduct(this.#matrix, row, weight);
  }

  /** The least squares solution, or `null` when the equations do not determine all unknowns. */
  solve(): number[] | null {
    return solveNormalEquations(this.#matrix, this.#right);
  }
}

/**
 * Solves A x = b for a symmetric positive definite A by Cholesky decomposition; `null` when it is singular.
 * @param matrix `[n, n]` row by row; only the lower triangle is read
 * @param right `[n]`
 */
export function solveNormalEquations(matrix: Float64Array, right: Float64Array): number[] | null {
  const size = right.length;
  const smallest = (MIN_PIVOT * traceOf(matrix, size)) / size;
  const lower = matrix.slice();
  // `pivot > smallest` is also false for NaN.
  const found = factorise(lower, size, (pivot) => (pivot > smallest ? pivot : null));
  return found ? Array.from(substitute(lower, right)) : null;
}
