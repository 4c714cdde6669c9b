/** A vector or point of three numbers, `[x, y, z]`. In a camera frame: x right, y down, z forward (metres). */
export type Vec3 = readonly [number, number, number];

/** Component-wise sum. */
export const add = (a: Vec3, b: Vec3): Vec3 => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];

/** Component-wise difference `a - b`. */
export const subtract = (a: Vec3, b: Vec3): Vec3 => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];

/** Scalar multiple. */
export const scale = (a: Vec3, factor: number): Vec3 => [a[0] * factor, a[1] * factor, a[2] * factor];

/** Scalar product. */
export const dot = (a: Vec3, b: Vec3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** Vector product, right-handed: `cross(x, y) = z`. */
export const cross = (a: Vec3, b: Vec3): Vec3 => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

/** Euclidean length of a vector of any dimension. */
export const length = (a: readonly number[]): number => Math.hypot(...a);

/** The vector scaled to unit length; the zero vector stays zero. */
export function normalise(a: Vec3): Vec3 {
  const size = length(a);
  return size > 0 ? scale(a, 1 / size) : a;
}

/** Linear interpolation between `a` (share 0) and `b` (share 1). */
export const interpolate = (a: Vec3, b: Vec3, share: number): Vec3 =>
  add(scale(a, 1 - share), scale(b, share));

/**
 * Angle between two vectors of the same dimension, in radians, 0 to pi; `null` when one of them is zero.
 *
 * Kahan's form `2 atan2(|a' - b'|, |a' + b'|)` on unit vectors, which unlike the arc cosine of the dot product keeps
 * full precision near 0 and near pi.
 */
export function angleBetween(a: readonly number[], b: readonly number[]): number | null {
  const sizeA = length(a);
  const sizeB = length(b);
  if (sizeA === 0 || sizeB === 0) return null;
  const differences = a.map((value, i) => value / sizeA - b[i] / sizeB);
  const sums = a.map((value, i) => value / sizeA + b[i] / sizeB);
  return 2 * Math.atan2(length(differences), length(sums));
}

/** Radians to degrees. */
export const toDegrees = (radians: number): number => (radians * 180) / Math.PI;

/** Degrees to radians. */
export const toRadians = (degrees: number): number => (degrees * Math.PI) / 180;
