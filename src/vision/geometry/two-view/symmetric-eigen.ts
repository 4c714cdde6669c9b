import { factorise, substitute, traceOf } from '../cholesky.js';

/** Most rounds of inverse iteration; a handful is usual, many only where two eigenvalues are almost equal. */
const MAX_ROUNDS = 40;

/** Change between rounds (squared) at which the vector counts as found. */
const SETTLED = 1e-22;

/**
 * Unit eigenvector of the smallest eigenvalue of a symmetric positive semi-definite `size` x `size` matrix: inverse
 * iteration on a Cholesky factor. Only the lower triangle is read; `matrix` is destroyed. Where several eigenvalues are
 * smallest, the answer is some unit vector of their common space.
 */
export function smallestEigenvector(matrix: Float64Array, size: number): Float64Array {
  // Pivots that rounding made zero or negative are kept tiny and positive.
  const floor = 1e-15 * traceOf(matrix, size) + 1e-300;
  factorise(matrix, size, (pivot) => Math.max(pivot, floor));
  // A fixed start without symmetry, so that it is orthogonal to no vector that occurs.
  let vector: Float64Array = Float64Array.from({ length: size }, (_, k) => 1 + 0.37 * Math.sin(1 + 2 * k));
  toUnit(vector);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const next = substitute(matrix, vector);
    toUnit(next);
    const change = squaredDistance(next, vector);
    vector = next;
    if (change < SETTLED) break;
  }
  return vector;
}

function toUnit(vector: Float64Array): void {
  // Scaled first: near a singular matrix the entries are too large to be squared.
  const largest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-300);
  let squares = 0;
  for (let k = 0; k < vector.length; k++) {
    vector[k] /= largest;
    squares += vector[k] * vector[k];
  }
  const factor = 1 / Math.sqrt(squares);
  for (let k = 0; k < vector.length; k++) vector[k] *= factor;
}

function squaredDistance(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, k) => sum + (value - b[k]) ** 2, 0);
}
