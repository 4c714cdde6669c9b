import { fromRotationVector, multiply } from '../rotation.js';
import { add, cross, normalise, scale, type Vec3 } from '../vector.js';
import { NormalEquations } from '../normal-equations.js';
import { essentialOf, signedSampson } from './epipolar-error.js';
import type { NormalisedPairs, RelativeView } from './relative-view.js';

const ROUNDS = 8;
/** Step of the finite differences, radians: large compared with rounding, small compared with curvature. */
const STEP = 1e-6;
/** Gauss-Newton stops when no component changes by more than this (radians). */
const CONVERGED = 1e-8;

/**
 * Refines rotation and direction of translation: Gauss-Newton on the Sampson errors with Huber weights. A fundamental
 * matrix has two more degrees of freedom than a calibrated camera pair, which would add noise to the pose.
 * @param huber Huber threshold, normalised units
 */
export function refineView(start: RelativeView, pairs: NormalisedPairs, huber: number): RelativeView {
  let view = start;
  let cost = costOf(view, pairs, huber);
  for (let round = 0; round < ROUNDS; round++) {
    const step = gaussNewtonStep(view, pairs, huber);
    if (step === null) break;
    const next = moved(view, step);
    const nextCost = costOf(next, pairs, huber);
    if (!(nextCost < cost)) break;
    [view, cost] = [next, nextCost];
    if (Math.max(...step.map(Math.abs)) < CONVERGED) break;
  }
  return view;
}

/**
 * Applies a step: rotation by the first three numbers (radians), tilt of the translation direction by the other two.
 */
function moved({ rotation, translation }: RelativeView, step: readonly number[]): RelativeView {
  const [first, second] = tangents(translation);
  return {
    rotation: multiply(fromRotationVector([step[0], step[1], step[2]]), rotation),
    translation: normalise(add(translation, add(scale(first, step[3]), scale(second, step[4])))),
  };
}

function tangents(direction: Vec3): readonly [Vec3, Vec3] {
  const across: Vec3 = Math.abs(direction[0]) < 0.7 ? [1, 0, 0] : [0, 1, 0];
  const first = normalise(cross(direction, across));
  return [first, cross(direction, first)];
}

function gaussNewtonStep(view: RelativeView, pairs: NormalisedPairs, huber: number): number[] | null {
  const unit = (k: number): number[] => Array.from({ length: 5 }, (_, i) => (i === k ? STEP : 0));
  const here = essentialOf(view);
  const shifted = [0, 1, 2, 3, 4].map((k) => essentialOf(moved(view, unit(k))));
  const equations = new NormalEquations(5);
  for (let i = 0; i < pairs.goal.length / 2; i++) {
    const error = signedSampson(here, pairs, i);
    const slopes = shifted.map((essential) => (signedSampson(essential, pairs, i) - error) / STEP);
    const size = Math.abs(error);
    equations.add(slopes, -error, size > huber ? huber / size : 1);
  }
  return equations.solve();
}

function costOf(view: RelativeView, pairs: NormalisedPairs, huber: number): number {
  const essential = essentialOf(view);
  let sum = 0;
  for (let i = 0; i < pairs.goal.length / 2; i++) {
    const size = Math.abs(signedSampson(essential, pairs, i));
    sum += size < huber ? size * size : huber * (2 * size - huber);
  }
  return sum;
}
