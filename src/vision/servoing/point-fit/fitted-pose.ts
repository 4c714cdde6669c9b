import { fromQuaternion, rotate, type Quaternion } from '../../geometry/rotation.js';
import { add, cross, dot, length, scale, subtract, type Vec3 } from '../../geometry/vector.js';
import { rotationPart, translationPart, type Velocity } from '../../geometry/velocity.js';

const SMALLEST = 1e-9;

/** Pose of the goal's scene in the current camera, translation in goal distances. */
export interface FittedPose {
  /** Rotation from the goal camera to the current one. */
  readonly turn: Quaternion;
  /** Place of the scene's centre in the current camera. */
  readonly centre: Vec3;
}

/**
 * The pose for which the reference law gives a velocity.
 * @param middle the scene's centre in the goal camera
 */
export function poseOf(velocity: Velocity, middle: Vec3): FittedPose {
  const linear = add(translationPart(velocity), middle);
  const turn = rotationPart(velocity);
  const sum = add(add(linear, cross(turn, linear)), scale(turn, dot(turn, linear)));
  const half = Math.max(length(turn) / 2, SMALLEST);
  const [x, y, z] = scale(turn, Math.sin(half) / half / 2);
  return { turn: [Math.cos(half), x, y, z], centre: scale(sum, 1 / (1 + dot(turn, turn))) };
}

/** The pose after a step: a small turn around the centre, for whose half angle its tangent stands, and a move of the centre. */
export function movedPose({ turn, centre }: FittedPose, move: Float64Array): FittedPose {
  const [x, y, z]: Vec3 = [move[0] / 2, move[1] / 2, move[2] / 2];
  const [w, a, b, c] = turn;
  const product: Quaternion = [
    w - x * a - y * b - z * c,
    a + w * x + y * c - z * b,
    b + w * y + z * a - x * c,
    c + w * z + x * b - y * a,
  ];
  const size = length(product);
  return {
    turn: [product[0] / size, product[1] / size, product[2] / size, product[3] / size],
    centre: add(centre, [move[3], move[4], move[5]]),
  };
}

/**
 * The reference law for a pose, translation in goal distances.
 * @param middle the scene's centre in the goal camera, which the pose places
 * @param goal the centre that the law keeps in view
 */
export function lawOf(pose: FittedPose, middle: Vec3, goal: Vec3): Velocity {
  const now = add(rotate(fromQuaternion(pose.turn), subtract(goal, middle)), pose.centre);
  const sign = pose.turn[0] < 0 ? -1 : 1;
  const axis: Vec3 = [sign * pose.turn[1], sign * pose.turn[2], sign * pose.turn[3]];
  const sine = Math.max(length(axis), SMALLEST);
  const angle = 4 * Math.atan(sine / (1 + sign * pose.turn[0]));
  const turn = scale(axis, angle / sine);
  const linear = add(subtract(now, goal), cross(now, turn));
  return [...scale(linear, 1 / length(goal)), ...turn];
}
