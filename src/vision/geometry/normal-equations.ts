/** Smallest share of the mean diagonal that a pivot may have before the equations count as singular. */
const SMALLEST_PIVOT = 1e-10;

/** Weighted least squares: rows `a . x = b` are added one by one, only their sums are kept. */
export class NormalEquations {
  readonly #matrix: Float64Array;
  readonly #right: Float64Array;

  /** @param unknowns number of unknowns */
  constructor(private readonly unknowns: number) {
    this.#matrix = new Float64Array(unknowns * unknowns);
    this.#right = new Float64Array(unknowns);
  }

  /** Adds one equation. */
  add(row: readonly number[], right: number, weight: number): void {
    for (let i = 0; i < this.unknowns; i++) {
      this.#right[i] += weight * row[i] * right;
      for (let j = 0; j <= i; j++) this.#matrix[i * this.unknowns + j] += weight * row[i] * row[j];
    }
  }

  /** The unknowns that fit best, or `null` when the equations do not fix all of them. */
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
  const n = right.length;
  const lower = factor(matrix, n);
  if (lower === null) return null;
  const x = Array.from(right);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i] -= lower[i * n + k] * x[k];
    x[i] /= lower[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i] -= lower[k * n + i] * x[k];
    x[i] /= lower[i * n + i];
  }
  return x;
}

function factor(matrix: Float64Array, n: number): Float64Array | null {
  const lower = matrix.slice();
  let trace = 0;
  for (let i = 0; i < n; i++) trace += lower[i * n + i];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = lower[i * n + j];
      for (let k = 0; k < j; k++) sum -= lower[i * n + k] * lower[j * n + k];
      if (i > j) lower[i * n + j] = sum / lower[j * n + j];
      // Written so that a NaN fails too.
      else if (!(sum > (SMALLEST_PIVOT * trace) / n)) return null;
      else lower[i * n + i] = Math.sqrt(sum);
    }
  }
  return lower;
}
