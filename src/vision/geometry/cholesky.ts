/**
 * Cholesky factor of a symmetric positive definite `size` x `size` matrix, in place. Only the lower triangle is read
 * and written.
 * @param pivot maps the computed pivot to the one to use; `null` aborts
 * @returns false when aborted
 */
export function factorise(
  matrix: Float64Array,
  size: number,
  pivot: (found: number) => number | null,
): boolean {
  for (let c = 0; c < size; c++) {
    for (let r = c; r < size; r++) {
      let value = matrix[r * size + c];
      for (let k = 0; k < c; k++) value -= matrix[r * size + k] * matrix[c * size + k];
      if (r > c) matrix[r * size + c] = value / matrix[c * size + c];
      else {
        const usable = pivot(value);
        if (usable === null) return false;
        matrix[r * size + c] = Math.sqrt(usable);
      }
    }
  }
  return true;
}

/** Solves `L L^T x = right` for a factor of {@link factorise}. */
export function substitute(factor: Float64Array, right: Float64Array): Float64Array {
  const size = right.length;
  const x = right.slice();
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) x[i] -= factor[i * size + k] * x[k];
    x[i] /= factor[i * size + i];
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) x[i] -= factor[k * size + i] * x[k];
    x[i] /= factor[i * size + i];
  }
  return x;
}

/** Sum of the diagonal of a `size` x `size` matrix. */
export function traceOf(matrix: Float64Array, size: number): number {
  let trace = 0;
  for (let i = 0; i < size; i++) trace += matrix[i * size + i];
  return trace;
}
