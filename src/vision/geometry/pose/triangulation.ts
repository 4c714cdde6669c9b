import { rotate } from '../rotation.js';
import { cross, dot } from '../vector.js';
import { placeAt, rayOf, type NormalisedPairs, type RelativeView } from './relative-view.js';

/**
 * Inverse depth of pair `i` in the goal camera, in the reciprocal of the translation's unit: the least squares solution
 * of `c x (R g + rho t) = 0` for goal ray g and current ray c. Unlike the depth it stays finite when parallax vanishes.
 * Negative for a point behind the camera.
 */
export function inverseDepth(view: RelativeView, { goal, current }: NormalisedPairs, i: number): number {
  const seen = rayOf(current, i);
  const turned = cross(seen, rotate(view.rotation, rayOf(goal, i)));
  const moved = cross(seen, view.translation);
  const weight = dot(moved, moved);
  return weight > 0 ? -dot(turned, moved) / weight : 0;
}

/** Number of pairs in front of both cameras (cheirality check). */
export function countInFront(view: RelativeView, pairs: NormalisedPairs): number {
  let count = 0;
  for (let i = 0; i < pairs.goal.length / 2; i++) {
    const rho = inverseDepth(view, pairs, i);
    if (rho > 0 && placeAt(view, rayOf(pairs.goal, i), 1 / rho)[2] > 0) count++;
  }
  return count;
}
