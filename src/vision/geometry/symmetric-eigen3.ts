import type { Mat3 } from './rotation.js';
import { cross, type Vec3 } from './vector.js';

/** Upper limit of Jacobi sweeps; five reach full precision. */
const MAX_SWEEPS = 12;

/** Eigenvalues of a symmetric 3x3 matrix in descending order, with eigenvectors that form a right-handed frame. */
export interface SymmetricEigen3 {
  readonly values: Vec3;
  readonly vectors: readonly [Vec3, Vec3, Vec3];
}

/** All eigenpairs of a symmetric 3x3 matrix, by cyclic Jacobi rotations (Golub and Van Loan 8.5). */
export function symmetricEigen3(matrix: Mat3): SymmetricEigen3 {
  const a = [...matrix];
  const v = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  for (let sweep = 0; sweep < MAX_SWEEPS && offDiagonal(a) > 0; sweep++) {
    annihilate(a, v, [0, 1]);
    annihilate(a, v, [0, 2]);
    annihilate(a, v, [1, 2]);
  }
  const order = [0, 1, 2].sort((i, j) => a[4 * j] - a[4 * i]);
  const column = (k: number): Vec3 => [v[k], v[3 + k], v[6 + k]];
  const [first, second] = [column(order[0]), column(order[1])];
  return {
    values: [a[4 * order[0]], a[4 * order[1]], a[4 * order[2]]],
    vectors: [first, second, cross(first, second)],
  };
}

const offDiagonal = (a: readonly number[]): number => Math.abs(a[1]) + Math.abs(a[2]) + Math.abs(a[5]);

/** Applies the rotation that makes element (p, q) zero. */
function annihilate(a: number[], v: number[], [p, q]: readonly [number, number]): void {
  const apq = a[3 * p + q];
  if (apq === 0) return;
  const theta = (a[4 * q] - a[4 * p]) / (2 * apq);
  const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const c = 1 / Math.hypot(t, 1);
  const s = t * c;
  for (let k = 0; k < 3; k++) rotatePair(a, [3 * k + p, 3 * k + q], [c, s]);
  for (let k = 0; k < 3; k++) rotatePair(a, [3 * p + k, 3 * q + k], [c, s]);
  for (let k = 0; k < 3; k++) rotatePair(v, [3 * k + p, 3 * k + q], [c, s]);
}

function rotatePair(
  values: number[],
  [i, j]: readonly [number, number],
  [c, s]: readonly [number, number],
): void {
  const [x, y] = [values[i], values[j]];
  values[i] = c * x - s * y;
  values[j] = s * x + c * y;
}
