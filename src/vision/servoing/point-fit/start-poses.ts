import { fromQuaternion, rotate, type Quaternion } from '../../geometry/rotation.js';
import { toRadians } from '../../geometry/vector.js';
import type { FitPoints, FitScene } from './fit-equations.js';
import type { FittedPose } from './fitted-pose.js';

/** Degrees between the lines of sight of both cameras, and in how many directions each is tried. */
const VIEWS = [
  { tilt: 0, directions: 1 },
  { tilt: 35, directions: 6 },
  { tilt: 60, directions: 6 },
];
/** Rounds in which far points lose weight and the camera's distance is estimated. */
const ROUNDS = 4;
/** Deviation of the points (normalised units) below which they are noise. */
const MIN_DEVIATION = 2 / 540;
/** Limits of the camera's distance, goal distances. */
const [NEAREST, FARTHEST] = [0.3, 4];
/** Depth of a point over that of the scene's centre, at least. */
const LEAST_DEPTH = 0.3;

/** Points of a plane through the scene's centre, as a tilted camera that has not yet moved sees it. */
interface TiltedPlane {
  /** `[M]` each, goal distances from the centre. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly z: Float64Array;
}

/** `u = (a x - b y + c) / d`, `v = (b x + a y + e) / d`, where `d` is the depth over the distance `1 / hypot(a, b)`. */
interface Similarity {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly e: number;
}

/**
 * Poses from which a fit to the points may start when the given one led nowhere: the scene as a plane that faces the goal
 * camera, seen from above and from two rings of directions around it; for each direction, roll, distance and place of the
 * camera are those for which the plane fits the current points best.
 */
export function startPoses(points: FitPoints, scene: FitScene): FittedPose[] {
  return VIEWS.flatMap(({ tilt, directions }) =>
    Array.from({ length: directions }, (_, k) => {
      const [half, azimuth] = [toRadians(tilt) / 2, (2 * Math.PI * k) / directions];
      const sine = Math.sin(half);
      return poseFor([Math.cos(half), sine * Math.cos(azimuth), sine * Math.sin(azimuth), 0], points, scene);
    }),
  );
}

function poseFor(tilt: Quaternion, points: FitPoints, scene: FitScene): FittedPose {
  const { a, b, c, e } = fitSimilarity(tiltedPlane(tilt, points, scene), points.current);
  const distance = distanceOf(a, b);
  const roll = Math.atan2(b, a) / 2;
  const [w, x, y] = tilt;
  const [cosine, sine] = [Math.cos(roll), Math.sin(roll)];
  return {
    // The tilt, which has no part around the line of sight, then the roll, which is around nothing else.
    turn: [cosine * w, cosine * x - sine * y, cosine * y + sine * x, sine * w],
    centre: [c * distance, e * distance, distance],
  };
}

const distanceOf = (a: number, b: number): number =>
  Math.max(NEAREST, Math.min(FARTHEST, 1 / Math.hypot(a, b)));

function tiltedPlane(tilt: Quaternion, { goal }: FitPoints, { centre, inverse }: FitScene): TiltedPlane {
  const rotation = fromQuaternion(tilt);
  const count = goal.length / 2;
  const [x, y, z] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  for (let i = 0; i < count; i++) {
    const [across, down] = [goal[2 * i] / inverse - centre[0], goal[2 * i + 1] / inverse - centre[1]];
    [x[i], y[i], z[i]] = rotate(rotation, [across, down, 1 / inverse - centre[2]]);
  }
  return { x, y, z };
}

/** Least squares, far points counting less each round (Cauchy weights). */
function fitSimilarity(plane: TiltedPlane, current: Float64Array): Similarity {
  const count = plane.x.length;
  const weights = new Float64Array(count).fill(1);
  const depths = new Float64Array(count);
  const misses = new Float64Array(count);
  let distance = 1;
  for (let round = 1; ; round++) {
    for (let i = 0; i < count; i++) depths[i] = Math.max(LEAST_DEPTH, 1 + plane.z[i] / distance);
    const fitted = solve({ plane, current, weights, depths });
    if (round === ROUNDS) return fitted;
    const { a, b, c, e } = fitted;
    distance = distanceOf(a, b);
    for (let i = 0; i < count; i++) {
      const depth = Math.max(LEAST_DEPTH, 1 + plane.z[i] / distance);
      misses[i] = Math.hypot(
        a * plane.x[i] - b * plane.y[i] + c - depth * current[2 * i],
        b * plane.x[i] + a * plane.y[i] + e - depth * current[2 * i + 1],
      );
    }
    const deviation = Math.max(MIN_DEVIATION, 1.4826 * misses.slice().sort()[count >> 1]);
    for (let i = 0; i < count; i++) weights[i] = 1 / (1 + (misses[i] / (2 * deviation)) ** 2);
  }
}

interface WeightedPoints {
  readonly plane: TiltedPlane;
  readonly current: Float64Array;
  readonly weights: Float64Array;
  /** `[M]` depth of each point over that of the scene's centre. */
  readonly depths: Float64Array;
}

function solve({ plane: { x, y }, current, weights, depths }: WeightedPoints): Similarity {
  let [sum, meanX, meanY, meanU, meanV] = [0, 0, 0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    sum += weights[i];
    meanX += weights[i] * x[i];
    meanY += weights[i] * y[i];
    meanU += weights[i] * depths[i] * current[2 * i];
    meanV += weights[i] * depths[i] * current[2 * i + 1];
  }
  [meanX, meanY, meanU, meanV] = [meanX / sum, meanY / sum, meanU / sum, meanV / sum];
  let [along, across, squares] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [x[i] - meanX, y[i] - meanY];
    const [du, dv] = [depths[i] * current[2 * i] - meanU, depths[i] * current[2 * i + 1] - meanV];
    along += weights[i] * (dx * du + dy * dv);
    across += weights[i] * (dx * dv - dy * du);
    squares += weights[i] * (dx * dx + dy * dy);
  }
  const [a, b] = [along / squares, across / squares];
  return { a, b, c: meanU - a * meanX + b * meanY, e: meanV - b * meanX - a * meanY };
}
