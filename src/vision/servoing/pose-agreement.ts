import { fromQuaternion, rotate } from '../geometry/rotation.js';
import { length, scale, subtract, type Vec3 } from '../geometry/vector.js';
import type { Velocity } from '../geometry/velocity.js';
import { poseOf } from './point-fit/fitted-pose.js';

/** Distance (normalised image units) at which a point agrees by half: four pixels of an image 640 wide. */
const HALF = 4 / 540;
/** Factor by which the depth of a point may differ from the scene's. */
const DEPTH_RANGE = 3;
/** Depth, in goal distances, from which on a point is in front of the camera. */
const NEAREST = 0.1;

/** Points of one frame, on the normalised plane. */
export interface MatchedPoints {
  /** `[n, 2]` */
  readonly goal: Float32Array;
  /** `[n, 2]` */
  readonly current: Float32Array;
}

/** The scene's centre as the goal camera sees it, at the distance 1: in the direction of the mean of the goal's points. */
export function sceneCentre(goal: Float32Array): Vec3 {
  const count = Math.max(1, goal.length / 2);
  let [x, y] = [0, 0];
  for (let i = 0; i < goal.length; i += 2) {
    x += goal[i] / count;
    y += goal[i + 1] / count;
  }
  return scale([x, y, 1], 1 / length([x, y, 1]));
}

/**
 * How well the points agree with a velocity. A velocity of the reference law is a relative pose in other words; the pose says
 * on which line of the image each goal point must be, at whatever depth. The mean over the points of 1 / (1 + (d / d0)^2),
 * where d is the distance to the line's part for a third to three times of the scene's depth: 1 where all points lie on their lines,
 * 0 where none does and without points.
 * @param velocity of one second at gain 1, translation in goal distances
 * @param centre of {@link sceneCentre}
 */
export function poseAgreement(velocity: Velocity, centre: Vec3, { goal, current }: MatchedPoints): number {
  const pose = poseOf(velocity, centre);
  const rotation = fromQuaternion(pose.turn);
  const shift = subtract(pose.centre, rotate(rotation, centre));
  const inverse = 1 / centre[2];
  const count = goal.length / 2;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const ray = rotate(rotation, [goal[2 * i], goal[2 * i + 1], 1]);
    const ends = inFront(ray[2], shift[2], [inverse / DEPTH_RANGE, inverse * DEPTH_RANGE]);
    if (ends === null) continue;
    const [near, far] = [project(ray, shift, ends[0]), project(ray, shift, ends[1])];
    const distance = distanceToSegment(current[2 * i], current[2 * i + 1], [near, far]);
    sum += 1 / (1 + (distance / HALF) ** 2);
  }
  return count === 0 ? 0 : sum / count;
}

/** The part of a range of inverse depths for which a point is in front of the current camera; `null` if there is none. */
function inFront(
  forward: number,
  shift: number,
  [least, most]: readonly [number, number],
): readonly [number, number] | null {
  const limit = (NEAREST - forward) / shift;
  if (shift > 0) return limit > most ? null : [Math.max(least, limit), most];
  if (shift < 0) return limit < least ? null : [least, Math.min(most, limit)];
  return forward < NEAREST ? null : [least, most];
}

type Point = readonly [number, number];

function project(ray: Vec3, shift: Vec3, inverseDepth: number): Point {
  const ahead = ray[2] + inverseDepth * shift[2];
  return [(ray[0] + inverseDepth * shift[0]) / ahead, (ray[1] + inverseDepth * shift[1]) / ahead];
}

function distanceToSegment(x: number, y: number, [[ax, ay], [bx, by]]: readonly [Point, Point]): number {
  const [dx, dy] = [bx - ax, by - ay];
  const square = dx * dx + dy * dy;
  const share = square === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / square));
  return Math.hypot(x - ax - share * dx, y - ay - share * dy);
}
