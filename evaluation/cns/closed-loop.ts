import { DEFAULT_SERVO_GAIN, type ServoVelocity } from '../../src/domain/servo.js';
import type { FeaturePipeline } from '../../src/servoing/features/feature-pipeline.js';
import { gainAt, taskErrorNorm } from '../../src/servoing/live/adaptive-gain.js';
import { integrateVelocity } from '../../src/vision/geometry/pose.js';
import { poseError } from '../../src/vision/servoing/reference-law.js';
import type { ServoPair } from './evaluation-scenes.js';
import { trackImage, type PolicyName, type ServoBench } from './servo-under-test.js';
import type { GoalTruth, VirtualCamera } from './virtual-camera.js';

/** 80 ms a frame: large steps, because every frame must be rendered. The gain is a live session's default. */
const LOOP = { secondsPerFrame: 0.08, mostFrames: 45 };
/** Limits within which a servo run counts as arrived. */
const ARRIVED = { shareOfGoalDistance: 0.1, degrees: 10 };

/** Result of one servo run. */
export interface ServoEnd {
  readonly scene: string;
  readonly pair: number;
  readonly success: boolean;
  readonly millimetres: number;
  readonly degrees: number;
  /** Number of frames, including those of the stop rule. */
  readonly frames: number;
  readonly stopped: boolean;
  readonly lostFrames: number;
  /** First frame from which the pose stays within the limits; `null` when it never does. */
  readonly heldFrom: number | null;
}

/** The servo that drives the camera. */
export interface Driver {
  readonly bench: ServoBench;
  readonly camera: VirtualCamera;
  readonly detector: FeaturePipeline;
  readonly policy: PolicyName;
}

/**
 * Renders, detects, matches, computes a velocity and moves the camera until the stop rule fires or the time is up. A
 * camera without a velocity stays where it is. A goal that cannot be tracked at all counts as a failure.
 */
export async function driveHome(
  { bench, camera, detector, policy }: Driver,
  pair: ServoPair,
  truth: GoalTruth,
): Promise<ServoEnd> {
  const { secondsPerFrame, mostFrames } = LOOP;
  const { goalDistance } = truth;
  const goal = bench.goalOf(await detector.detect(camera.look(pair.goal)));
  await detector.setGoal(goal);
  const settings = { gain: 1, secondsPerFrame, goalDistance, policy, detector: detector.name, goal };
  const servo = await bench.start(settings);
  let [pose, lostFrames, stopped, index] = [pair.start, 0, false, 0];
  let heldFrom: number | null = null;
  for (; index < mostFrames && !stopped; index++) {
    const tracked = await trackImage(detector, camera.look(pose, pair.scene.condition));
    const timeSeconds = index * secondsPerFrame;
    const { record } = await servo.step({ index, timeSeconds, ...tracked });
    stopped = record.goalReached;
    if (record.velocity === null) lostFrames += 1;
    else if (!stopped) {
      const velocity = withDefaultGain(record.velocity, goalDistance);
      pose = integrateVelocity(pose, velocity, secondsPerFrame);
    }
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

/** The velocity that a session without limits answers. @param velocity at gain 1, metres and radians per second */
function withDefaultGain(velocity: ServoVelocity, goalDistance: number): ServoVelocity {
  const [vx, vy, vz, wx, wy, wz] = velocity;
  const remaining = [vx / goalDistance, vy / goalDistance, vz / goalDistance, wx, wy, wz];
  const gain = gainAt(DEFAULT_SERVO_GAIN, taskErrorNorm(remaining));
  return [gain * vx, gain * vy, gain * vz, gain * wx, gain * wy, gain * wz];
}

function isHome(pair: ServoPair, pose: ServoPair['start'], goalDistance: number): boolean {
  const { metres, degrees } = poseError(pair.goal, pose);
  return metres < ARRIVED.shareOfGoalDistance * goalDistance && degrees < ARRIVED.degrees;
}
