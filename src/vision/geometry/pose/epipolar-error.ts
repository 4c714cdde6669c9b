import { multiply, type Mat3 } from '../rotation.js';
import type { NormalisedPairs, RelativeView } from './relative-view.js';

/** Essential matrix `E = [t]x R` of a view, with `c^T E g = 0` for every pair of rays. */
export function essentialOf({ rotation, translation: [x, y, z] }: RelativeView): Mat3 {
  return multiply([0, -z, y, z, 0, -x, -y, x, 0], rotation);
}

/** Signed first-order distance (Sampson) of pair `i` to an epipolar geometry, normalised units. */
export function signedSampson(e: Mat3, { goal, current }: NormalisedPairs, i: number): number {
  const [x, y, u, v] = [goal[2 * i], goal[2 * i + 1], current[2 * i], current[2 * i + 1]];
  const a = e[0] * x + e[1] * y + e[2];
  const b = e[3] * x + e[4] * y + e[5];
  const c = e[6] * x + e[7] * y + e[8];
  const p = e[0] * u + e[3] * v + e[6];
  const q = e[1] * u + e[4] * v + e[7];
  // The small constant avoids 0/0 for a pair that lies in both epipoles.
  return (u * a + v * b + c) / Math.sqrt(a * a + b * b + p * p + q * q + 1e-30);
}
