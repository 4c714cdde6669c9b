import { length, type Vec3 } from '../geometry/vector.js';
import { inGoalDistances, type Velocity } from '../geometry/velocity.js';
import { CONFIDENCE_MODEL, type ConfidencePolicy } from './confidence-model.js';
import { poseAgreement, type MatchedPoints } from './pose-agreement.js';

/** What a frame's confidence is made from. */
export interface ConfidenceInputs {
  /** Whether the frame's points are likely ones that no rigid motion verified. */
  readonly weak: boolean;
  /** Matches before the geometric check. */
  readonly matches: number;
  /** Matches that passed it; in a weak frame those that are used. */
  readonly inliers: number;
  /** Normalised positions of the points that the policy saw. */
  readonly points: MatchedPoints;
  /** The scene's centre, by {@link sceneCentre}. */
  readonly centre: Vec3;
  /** Area of the image on the normalised plane: (width / fx) (height / fy). */
  readonly viewArea: number;
  /** Mean distance of the points to their goal positions, normalised image units. */
  readonly featureError: number;
  /** The detector's name, in any case: the key points of ORB and AKAZE deserve another trust than those of all others. */
  readonly detector: string;
  /** The policy and its velocity. */
  readonly policy: ConfidencePolicy;
  readonly velocity: Velocity;
  /** The velocity of IBVS on the same points with the same gain and goal distance; `null` where it had none. */
  readonly ibvs: Velocity | null;
  readonly gain: number;
  readonly goalDistance: number;
}

/** Confidence of one frame and what it was computed from. */
export interface FrameConfidence {
  /** Probability, 0 to 1, that the velocity points within 30 degrees of the reference law's: see {@link frameConfidence}. */
  readonly value: number;
  /** Numbers of {@link CONFIDENCE_FEATURES}, in that order. */
  readonly features: readonly number[];
}

/** Names of what speaks for or against a frame, in the order of the coefficients. */
export const CONFIDENCE_FEATURES = [
  'one',
  'logInliers',
  'inlierShare',
  'spread',
  'agreement',
  'noAgreement',
  'logFeatureError',
  'logSpeed',
  'logPoseAgreement',
  'orb',
  'akaze',
] as const;

/** Features that are 0 or 1 and have no products. */
const CONSTANT_FEATURES: readonly string[] = ['one', 'noAgreement', 'orb', 'akaze'];

/** Share of the image over which evenly spread points count as fully spread. */
const FULL_SPREAD_SHARE = 0.25;
/** Speeds (goal distances and radians per second) below which a difference is noise: at the goal all policies agree. */
const SPEED_FLOOR = 0.02;
/** Feature errors (normalised units) below this are noise of the key points. */
const ERROR_FLOOR = 0.002;
/** Shares of points that agree or disagree below this are noise. */
const POSE_FLOOR = 0.02;

/**
 * How far a frame's velocity can be trusted: the probability that its six numbers, translation in goal distances, point
 * within 30 degrees of the reference law's for the true pose. A logistic model for each policy, fitted to rendered images
 * with true poses (docs/cns-evaluation.md), so it holds for scenes and views like those.
 */
export function frameConfidence(inputs: ConfidenceInputs): FrameConfidence {
  const features = featuresOf(inputs);
  const status = inputs.weak ? 'weak' : 'tracking';
  const value = probabilityOf(confidenceTerms(features, status), CONFIDENCE_MODEL[inputs.policy][status]);
  return { value, features };
}

/** Probability by a logistic model: of terms and their coefficients. */
export const probabilityOf = (terms: readonly number[], coefficients: readonly number[]): number =>
  1 / (1 + Math.exp(-terms.reduce((sum, value, k) => sum + value * coefficients[k], 0)));

/**
 * What the coefficients are multiplied with: the features, and of verified frames the products of any two as well. Weak
 * frames were too few to fit those.
 */
export function confidenceTerms(features: readonly number[], status: 'tracking' | 'weak'): readonly number[] {
  if (status === 'weak') return features;
  const measured = features.filter((_, k) => !CONSTANT_FEATURES.includes(CONFIDENCE_FEATURES[k]));
  return [...features, ...measured.flatMap((a, k) => measured.slice(k).map((b) => a * b))];
}

function featuresOf(inputs: ConfidenceInputs): readonly number[] {
  const { matches, inliers, points, viewArea, velocity, ibvs, gain, goalDistance, featureError } = inputs;
  const [vx, vy, vz, wx, wy, wz] = inGoalDistances(velocity, goalDistance);
  const share = matches > 0 ? Math.min(1, inliers / matches) : 0;
  const agreement = ibvs === null ? null : agreementOf(velocity, ibvs, inputs);
  const detector = inputs.detector.toUpperCase();
  const atGainOne: Velocity = [vx / gain, vy / gain, vz / gain, wx / gain, wy / gain, wz / gain];
  const agreeing = poseAgreement(atGainOne, inputs.centre, points);
  return [
    1,
    Math.log(Math.max(1, inliers) / 30),
    share,
    spreadOf(points.current, viewArea),
    agreement ?? 0,
    agreement === null ? 1 : 0,
    Math.log((featureError + ERROR_FLOOR) / 0.1),
    Math.log((length(atGainOne) + SPEED_FLOOR) / 0.5),
    Math.log((agreeing + POSE_FLOOR) / (1 - agreeing + POSE_FLOOR)),
    Number(detector === 'ORB'),
    Number(detector === 'AKAZE'),
  ];
}

/** Points spread evenly over a w x h box have the covariance diag(w^2, h^2) / 12, so 12 sqrt(det) is the box's area. */
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
function agreementOf(
  a: Velocity,
  b: Velocity,
  { goalDistance, gain }: Pick<ConfidenceInputs, 'goalDistance' | 'gain'>,
): number {
  const left = inGoalDistances(a, goalDistance);
  const right = inGoalDistances(b, goalDistance);
  const difference = length(left.map((value, i) => value - right[i]));
  // With the floor in the sum, two standing cameras agree however their noise points.
  return Math.max(0, 1 - difference / (length(left) + length(right) + SPEED_FLOOR * gain));
}
