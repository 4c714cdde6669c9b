import type { AdaptiveGain } from '../../domain/servo.js';

/** Difference of the gains at zero and at infinity below which the gain is constant, as in ViSP. */
const CONSTANT = Number.EPSILON;

/**
 * Gain for a task error of norm `x`, as in ViSP's vpAdaptiveGain:
 * `lambda(x) = (zero - infinity) exp(-slope / (zero - infinity) x) + infinity`.
 * `zero` is the gain at the goal, `infinity` the gain far from it, `-slope` the derivative at `x = 0`.
 * @param x infinity norm of the error; see {@link taskErrorNorm}
 */
export function gainAt(gain: number | AdaptiveGain, x: number): number {
  if (typeof gain === 'number') return gain;
  const { zero, infinity, slope } = gain;
  const difference = zero - infinity;
  if (Math.abs(difference) <= CONSTANT) return infinity;
  return difference * Math.exp((-slope / difference) * x) + infinity;
}

/**
 * The `x` of {@link gainAt}: the infinity norm of the task error, as in ViSP. For every policy, the task error is the
 * remaining motion, which is the velocity per second at gain 1: translation in goal distances, rotation vector in
 * radians.
 */
export const taskErrorNorm = (remaining: readonly number[]): number =>
  remaining.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
