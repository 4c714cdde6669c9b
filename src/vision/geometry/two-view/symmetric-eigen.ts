import { factorise, substitute, traceOf } from '../cholesky.js';

/** A fixed, asymmetric start vector, unlikely to be orthogonal to the eigenvector. */
export const START_VECTOR = Float64Array.from({ length: 9 }, (_, k) => 1 + 0.37 * Math.sin(1 + 2 * k));

/** Upper limit of inverse iterations; a handful is usual, many only where two eigenvalues are almost equal. */
const MAX_ROUNDS = 40;

/** Squared change between rounds below which the vector has converged. */
const CONVERGED = 1e-22;

/**
 * Unit eigenvector of the smallest eigenvalue of a symmetric positive semi-definite `size` x `size` matrix: inverse
 * iteration with a Cholesky factor. Only the lower triangle is read; `matrix` is overwritten. For a repeated smallest
 * eigenvalue the result is some unit vector of its eigenspace.
 */
export function smallestEigenvector(matrix: Float64Array, size: number): Float64Array {
  // Pivots that rounding made zero or negative are replaced by a tiny positive value.
  const floor = 1e-15 * traceOf(matrix, size) + 1e-300;
  factorise(matrix, size, (pivot) => Math.max(pivot, floor));
  let vector: Float64Array = START_VECTOR.slice(0, size);
  toUnit(vector);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const next = substitute(matrix, vector);
    toUnit(next);
    const change = squaredDistance(next, vector);
    vector = next;
    if (change < CONVERGED) break;
  }
  return vector;
}

function toUnit(vector: Float64Array): void {
  // Scaled first, since near-singular matrices give entries whose squares would overflow.
  let largest = 1e-300;
  for (let k = 0; k < vector.length; k++) largest = Math.max(largest, Math.abs(vector[k]));
  let squares = 0;
  for (let k = 0; k < vector.length; k++) {
    vector[k] /= largest;
    squares += vector[k] * vector[k];
  }
  const factor = 1 / Math.sqrt(squares);
  for (let k = 0; k < vector.length; k++) vector[k] *= factor;
}

function squaredDistance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += (a[k] - b[k]) ** 2;
  return sum;
}
