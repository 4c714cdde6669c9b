import { cross, dot, length, normalise, scale, subtract, type Vec3 } from './vector.js';

/** A 3x3 matrix in row-major order. As a rotation: orthonormal with determinant +1. */
export type Mat3 = readonly [number, number, number, number, number, number, number, number, number];

/** A unit quaternion `[w, x, y, z]`, `w` the scalar part. */
export type Quaternion = readonly [number, number, number, number];

/** The identity rotation. */
export const IDENTITY: Mat3 = [1, 0, 0, 0, 1, 0, 0, 0, 1];

/** Matrix product `a b`. */
export function multiply(a: Mat3, b: Mat3): Mat3 {
  const at = (row: number, column: number): number =>
    a[3 * row] * b[column] + a[3 * row + 1] * b[3 + column] + a[3 * row + 2] * b[6 + column];
  return [at(0, 0), at(0, 1), at(0, 2), at(1, 0), at(1, 1), at(1, 2), at(2, 0), at(2, 1), at(2, 2)];
}

/** Transpose; for a rotation also its inverse. */
export const transpose = (m: Mat3): Mat3 => [m[0], m[3], m[6], m[1], m[4], m[7], m[2], m[5], m[8]];

/** Matrix times column vector. */
export const rotate = (m: Mat3, p: Vec3): Vec3 => [
  m[0] * p[0] + m[1] * p[1] + m[2] * p[2],
  m[3] * p[0] + m[4] * p[1] + m[5] * p[2],
  m[6] * p[0] + m[7] * p[1] + m[8] * p[2],
];

/** Transposed matrix times column vector, without building the transpose. */
export const rotateBack = (m: Mat3, p: Vec3): Vec3 => [
  m[0] * p[0] + m[3] * p[1] + m[6] * p[2],
  m[1] * p[0] + m[4] * p[1] + m[7] * p[2],
  m[2] * p[0] + m[5] * p[1] + m[8] * p[2],
];

/** Matrix whose columns are the three given vectors. */
export const fromColumns = (x: Vec3, y: Vec3, z: Vec3): Mat3 => [
  x[0],
  y[0],
  z[0],
  x[1],
  y[1],
  z[1],
  x[2],
  y[2],
  z[2],
];

/**
 * Exponential map: rotation vector (axis times angle, radians, any length) to matrix, by Rodrigues' formula
 * `R = I + a K + b K^2` with `a = sin t / t`, `b = (1 - cos t) / t^2`.
 */
export function fromRotationVector(vector: Vec3): Mat3 {
  const angle = length(vector);
  const half = angle / 2;
  // Taylor series below 1e-4 rad, where the next term is under 1e-17. 1 - cos is computed from the half angle to avoid
  // cancellation.
  const a = angle < 1e-4 ? 1 - (angle * angle) / 6 : Math.sin(angle) / angle;
  const b = angle < 1e-4 ? 0.5 - (angle * angle) / 24 : (2 * Math.sin(half) ** 2) / (angle * angle);
  const [x, y, z] = vector;
  return [
    1 - b * (y * y + z * z),
    b * x * y - a * z,
    b * x * z + a * y,
    b * x * y + a * z,
    1 - b * (x * x + z * z),
    b * y * z - a * x,
    b * x * z - a * y,
    b * y * z + a * x,
    1 - b * (x * x + y * y),
  ];
}

/**
 * Logarithmic map: rotation matrix to rotation vector (radians, length 0 to pi). It goes through the quaternion, so it
 * is accurate near both 0 and pi; at exactly pi one of the two equivalent axes is returned.
 */
export function toRotationVector(matrix: Mat3): Vec3 {
  const [w, x, y, z] = toQuaternion(matrix);
  const sine = length([x, y, z]);
  if (sine < 1e-12) return [2 * x, 2 * y, 2 * z];
  return scale([x, y, z], (2 * Math.atan2(sine, w)) / sine);
}

/**
 * Rotation matrix to unit quaternion with `w >= 0`. Divides by the largest of the four components, because dividing by
 * one near zero loses precision (Shepperd's method).
 */
export function toQuaternion(m: Mat3): Quaternion {
  const trace = m[0] + m[4] + m[8];
  const squares = [1 + trace, 1 + 2 * m[0] - trace, 1 + 2 * m[4] - trace, 1 + 2 * m[8] - trace];
  const largest = squares.indexOf(Math.max(...squares));
  const xy = m[1] + m[3];
  const xz = m[2] + m[6];
  const yz = m[5] + m[7];
  const rows: readonly (readonly number[])[] = [
    [squares[0], m[7] - m[5], m[2] - m[6], m[3] - m[1]],
    [m[7] - m[5], squares[1], xy, xz],
    [m[2] - m[6], xy, squares[2], yz],
    [m[3] - m[1], xz, yz, squares[3]],
  ];
  const row = rows[largest];
  const factor = (row[0] < 0 ? -1 : 1) / length(row);
  return [row[0] * factor, row[1] * factor, row[2] * factor, row[3] * factor];
}

/** Unit quaternion to rotation matrix. */
export function fromQuaternion([w, x, y, z]: Quaternion): Mat3 {
  return [
    1 - 2 * (y * y + z * z),
    2 * (x * y - w * z),
    2 * (x * z + w * y),
    2 * (x * y + w * z),
    1 - 2 * (x * x + z * z),
    2 * (y * z - w * x),
    2 * (x * z - w * y),
    2 * (y * z + w * x),
    1 - 2 * (x * x + y * y),
  ];
}

/** Angle of a rotation in radians, 0 to pi. */
export const rotationAngle = (matrix: Mat3): number => length(toRotationVector(matrix));

/** Orthonormalises by Gram-Schmidt, which removes the drift that accumulates over many products. */
export function orthonormalise(m: Mat3): Mat3 {
  const x = normalise([m[0], m[3], m[6]]);
  const second: Vec3 = [m[1], m[4], m[7]];
  const y = normalise(subtract(second, scale(x, dot(x, second))));
  return fromColumns(x, y, cross(x, y));
}
