import { length } from '../geometry/vector.js';
import { inGoalDistances, type Velocity } from '../geometry/velocity.js';

/** Inputs of a frame's confidence. */
export interface ConfidenceInputs {
  /** Matches before the geometric check. */
  readonly matches: number;
  /** Matches that passed it. */
  readonly inliers: number;
  /** `[n, 2]` normalised current positions of the points that the policy saw. */
  readonly points: Float32Array;
  /** Area of the image on the normalised plane: (width / fx) (height / fy). */
  readonly viewArea: number;
  /** The network's velocity. */
  readonly network: Velocity;
  /** The velocity of IBVS on the same points with the same gain and goal distance; `null` where it had none. */
  readonly ibvs: Velocity | null;
  readonly goalDistance: number;
}

/** Confidence of one frame and its parts, each from 0 (worthless) to 1. */
export interface FrameConfidence {
  /** Geometric mean of the parts that are known: one bad part is enough to doubt a frame. */
  readonly value: number;
  /** Inliers over matches. */
  readonly inlierShare: number;
  /** Spread of the points: 1 for points spread evenly over at least a quarter of the image, 0 on a line. */
  readonly spread: number;
  /** 1 for equal velocities, 0 for opposite ones; `null` without a velocity of IBVS. */
  readonly agreement: number | null;
}

/** Share of the image over which evenly spread points count as fully spread. */
const FULL_SPREAD_SHARE = 0.25;
/** Speeds (goal distances and radians per second) below which a difference is noise: at the goal all policies agree. */
const SPEED_FLOOR = 0.02;

/**
 * How far a frame's velocity can be trusted, from 0 to 1. It is a heuristic for ranking frames, not a probability: the
 * three parts are listed next to it.
 */
export function frameConfidence(inputs: ConfidenceInputs): FrameConfidence {
  const inlierShare = inputs.matches > 0 ? Math.min(1, inputs.inliers / inputs.matches) : 0;
  const spread = spreadOf(inputs.points, inputs.viewArea);
  const agreement =
    inputs.ibvs === null ? null : agreementOf(inputs.network, inputs.ibvs, inputs.goalDistance);
  const parts = agreement === null ? [inlierShare, spread] : [inlierShare, spread, agreement];
  const value = parts.reduce((product, part) => product * part, 1) ** (1 / parts.length);
  return { value, inlierShare, spread, agreement };
}

/** Points strewn evenly over a w x h box have the covariance diag(w^2, h^2) / 12, so 12 sqrt(det) is the box's area. */
function spreadOf(points: Float32Array, viewArea: number): number {
  const count = points.length / 2;
  if (count < 2 || viewArea <= 0) return 0;
  let sumX = 0;
  let sumY = 0;
  for (let i = 0; i < count; i++) {
    sumX += points[2 * i];
    sumY += points[2 * i + 1];
  }
  let xx = 0;
  let xy = 0;
  let yy = 0;
  for (let i = 0; i < count; i++) {
    const dx = points[2 * i] - sumX / count;
    const dy = points[2 * i + 1] - sumY / count;
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  }
  const area = (12 * Math.sqrt(Math.max(0, xx * yy - xy * xy))) / count;
  return Math.min(1, area / (FULL_SPREAD_SHARE * viewArea));
}

/** One minus the length of the difference over the sum of the lengths, translation in goal distances. */
function agreementOf(a: Velocity, b: Velocity, goalDistance: number): number {
  const left = inGoalDistances(a, goalDistance);
  const right = inGoalDistances(b, goalDistance);
  const difference = length(left.map((value, i) => value - right[i]));
  // With the floor in the sum, two standing cameras agree however their noise points.
  return Math.max(0, 1 - difference / (length(left) + length(right) + SPEED_FLOOR));
}
