import { trackFeatures } from '../../src/servoing/features/track-features.js';
import type { Detector } from '../../src/vision/features/types.js';
import { integrateVelocity } from '../../src/vision/geometry/pose.js';
import { poseError } from '../../src/vision/servoing/reference-law.js';
import type { ServoPair } from './evaluation-scenes.js';
import type { PolicyName, ServoBench } from './servo-under-test.js';
import type { GoalTruth, VirtualCamera } from './virtual-camera.js';

/** Steps of 80 ms at gain 2: sixteen hundredths of the remaining way a frame, since every frame has to be rendered. */
const LOOP = { gain: 2, secondsPerFrame: 0.08, mostFrames: 45 };
/** A servo has arrived within these. */
const ARRIVED = { shareOfGoalDistance: 0.1, degrees: 10 };

/** How one servo ended. */
export interface ServoEnd {
  readonly scene: string;
  readonly pair: number;
  readonly success: boolean;
  readonly millimetres: number;
  readonly degrees: number;
  /** Frames driven, the stop rule's included. */
  readonly frames: number;
  readonly stopped: boolean;
  readonly lostFrames: number;
  /** First frame from which on the pose stays within the limits of success; `null` when it never does. */
  readonly heldFrom: number | null;
}

/** What drives. */
export interface Driver {
  readonly bench: ServoBench;
  readonly camera: VirtualCamera;
  readonly detector: Detector;
  readonly policy: PolicyName;
}

/**
 * Render, detect, match, servo, move, until the stop rule fires or time is up. A camera without a velocity stays where it
 * is. A goal that cannot be followed at all counts as a failure.
 */
export async function driveHome(
  { bench, camera, detector, policy }: Driver,
  pair: ServoPair,
  truth: GoalTruth,
): Promise<ServoEnd> {
  const { gain, secondsPerFrame, mostFrames } = LOOP;
  const { goalDistance } = truth;
  const goal = await detector.detect(camera.look(pair.goal));
  const settings = { gain, secondsPerFrame, goalDistance, policy, detector: detector.name, goal };
  const servo = await bench.start(settings);
  let [pose, lostFrames, stopped, index] = [pair.start, 0, false, 0];
  let heldFrom: number | null = null;
  for (; index < mostFrames && !stopped; index++) {
    const features = await detector.detect(camera.look(pose, pair.scene.condition));
    const timeSeconds = index * secondsPerFrame;
    const { record } = await servo.step({
      index,
      timeSeconds,
      detectMs: 0,
      ...(await trackFeatures(servo.goal, features)),
    });
    stopped = record.goalReached;
    if (record.velocity === null) lostFrames += 1;
    else if (!stopped) pose = integrateVelocity(pose, record.velocity, secondsPerFrame);
    heldFrom = isHome(pair, pose, goalDistance) ? (heldFrom ?? index) : null;
  }
  const left = poseError(pair.goal, pose);
  return {
    scene: pair.scene.name,
    pair: pair.index,
    success: isHome(pair, pose, goalDistance),
    millimetres: 1000 * left.metres,
    degrees: left.degrees,
    frames: index,
    stopped,
    lostFrames,
    heldFrom,
  };
}

function isHome(pair: ServoPair, pose: ServoPair['start'], goalDistance: number): boolean {
  const { metres, degrees } = poseError(pair.goal, pose);
  return metres < ARRIVED.shareOfGoalDistance * goalDistance && degrees < ARRIVED.degrees;
}
