import type { AdaptiveGain } from '../../domain/servo.js';

/** Difference of the gains at zero and at infinity below which the gain is constant, as in ViSP. */
const CONSTANT = Number.EPSILON;

/**
 * The gain for a task's error of size `x`, as ViSP's vpAdaptiveGain:
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
 * The `x` of {@link gainAt}: the largest absolute value of the six numbers of the task's error, as in ViSP, where it is
 * the infinity norm of the error vector. The error of a session, whatever its policy, is the motion that remains:
 * translation in goal distances, rotation vector in radians. That is what the velocity at gain 1 asks for per second.
 */
export const taskErrorNorm = (remaining: readonly number[]): number =>
  remaining.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
