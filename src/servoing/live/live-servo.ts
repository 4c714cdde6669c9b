import type { ServoResult, ServoSetup, ServoVelocity } from '../../domain/servo.js';
import { AppError } from '../../errors/app-error.js';
import type { Features } from '../../vision/features/types.js';
import { MIN_GOAL_POINTS } from '../../vision/servoing/servo-policy.js';
import { rectifyFeatures } from '../features/rectify-features.js';
import type { TrackedFeatures } from '../features/track-features.js';
import type { FrameMatches, FrameRecord } from '../frame-record.js';
import type { OpenPolicy } from '../open-policy.js';
import { Servo } from '../servo.js';
import { gainAt, taskErrorNorm } from './adaptive-gain.js';
import { Arrival } from './arrival.js';
import { FrameClock } from './frame-clock.js';
import { goalDistanceFrom } from './goal-depth.js';
import type { LiveView } from './live-camera.js';
import { toolVelocity } from './tool-velocity.js';
import { saturate } from './velocity-limits.js';

/** The servo's own stop rule, which counts frames, says nothing here: {@link Arrival} takes the time of the frames. */
const SECONDS_PER_FRAME = 1 / 30;

/** What a live servo is made of. */
export interface LiveServoOptions {
  readonly setup: Pick<ServoSetup, 'gain' | 'goalDistance' | 'depthHint' | 'limits' | 'handEye' | 'onWeak'>;
  /** Opened with gain 1 and goal distance 1: both come in here. */
  readonly opened: Pick<OpenPolicy, 'policy' | 'detector' | 'maxPoints' | 'stopThreshold'>;
  /** Of the goal image. */
  readonly view: LiveView;
  /** Clusters of the goal's points in an earlier servo with the same goal and setup. */
  readonly labels?: Int32Array;
  readonly clock?: FrameClock;
}

/** Where the goal's points are in a frame, and when it was taken. */
export interface LiveFrame {
  readonly tracked: TrackedFeatures;
  readonly view: LiveView;
  readonly captureTimeMicros: bigint;
}

/** What is said of one frame, but for what its decoder and its sender know. */
export type LiveStep = Omit<ServoResult, 'sequence' | 'timingsMs' | 'matchedPoints'> & {
  readonly timingsMs: Omit<ServoResult['timingsMs'], 'decode'>;
  /** The matched points, in pixels of the working size. */
  matchedPoints(): FrameMatches;
};

/** The servo of recordings for frames that come now: with adaptive gain, limits, the tool's velocity and an end that can be left. */
export class LiveServo {
  readonly #servo: Servo;
  readonly #options: LiveServoOptions;
  readonly #arrival: Arrival;
  readonly #clock: FrameClock;
  #frames = 0;
  /** Metres; null until known. */
  #goalDistance: number | null;

  private constructor(servo: Servo, options: LiveServoOptions) {
    this.#servo = servo;
    this.#options = options;
    this.#arrival = new Arrival(options.opened.stopThreshold);
    this.#clock = options.clock ?? new FrameClock();
    this.#goalDistance = options.setup.goalDistance;
  }

  /**
   * Sets up the goal.
   * @param found features of the goal image, as its detector gives them
   * @throws AppError GOAL_TOO_FEW_POINTS (invalid)
   */
  static async start(found: Features, options: LiveServoOptions): Promise<LiveServo> {
    const { opened, view, labels } = options;
    const features = rectifyFeatures(found, view.lens);
    const setup = {
      ...opened,
      goalCamera: view,
      currentCamera: view,
      secondsPerFrame: SECONDS_PER_FRAME,
      gain: 1,
      goalDistance: 1,
      onWeak: options.setup.onWeak,
    };
    const servo = await Servo.start(features, setup, labels);
    if (servo.goal.count < MIN_GOAL_POINTS)
      throw tooFewPoints(servo.goal.count, found.count - features.count);
    return new LiveServo(servo, options);
  }

  /** The goal's points, which frames are searched for. */
  get goal(): Features {
    return this.#servo.goal;
  }

  get clusters(): number {
    return this.#servo.clusters;
  }

  /** Cluster of each of the goal's points. */
  get labels(): Int32Array {
    return this.#servo.labels;
  }

  /** Takes the next frame. */
  async step({ tracked, view, captureTimeMicros }: LiveFrame): Promise<LiveStep> {
    const micros = this.#clock.tick(captureTimeMicros);
    const frame = { ...tracked, index: this.#frames++, timeSeconds: micros / 1e6 };
    const { record, matches: matchedPoints } = await this.#servo.step(frame, view);
    if (record.status === 'tracking') this.#goalDistance ??= this.#estimateDistance(tracked, view);
    // Likely points are no proof that the goal was reached.
    const arrived = this.#arrival.update(record.status === 'tracking' ? record.featureError : null, micros);
    const velocity = record.velocity === null ? null : this.#scale(record.velocity);
    const { handEye } = this.#options.setup;
    const { keypoints, matches, inliers, featureError, confidence, timingsMs } = record;
    return {
      velocity,
      velocityTool: velocity === null || handEye === null ? null : toolVelocity(handEye, velocity),
      status: statusOf(record, arrived),
      reason: record.reason,
      keypoints,
      matches,
      inliers,
      featureError,
      confidence,
      ...(this.#goalDistance !== null && { goalDistance: this.#goalDistance }),
      timingsMs,
      matchedPoints,
    };
  }

  #estimateDistance({ found }: TrackedFeatures, view: LiveView): number | null {
    const { depthHint } = this.#options.setup;
    if (depthHint === null) return null;
    const goalIntrinsics = this.#options.view.workingIntrinsics;
    const seen = { goal: this.goal.points, found, goalIntrinsics, intrinsics: view.workingIntrinsics };
    return goalDistanceFrom(depthHint, seen);
  }

  /** @param remaining the motion that remains: translation in goal distances, rotation in radians */
  #scale(remaining: ServoVelocity): ServoVelocity {
    const { gain, depthHint, limits } = this.#options.setup;
    const turn = gainAt(gain, taskErrorNorm(remaining));
    const move = turn * (this.#goalDistance ?? depthHint ?? 1);
    const [vx, vy, vz, wx, wy, wz] = remaining;
    return saturate([vx * move, vy * move, vz * move, wx * turn, wy * turn, wz * turn], limits);
  }
}

function statusOf({ status }: FrameRecord, arrived: boolean): LiveStep['status'] {
  return arrived && status === 'tracking' ? 'arrived' : status;
}

/** @param dropped points of the image that have no undistorted position */
function tooFewPoints(points: number, dropped: number): AppError {
  const limit = MIN_GOAL_POINTS;
  const few = `The goal image has ${String(points)} usable points, at least ${String(limit)} are needed.`;
  const lens = `${String(dropped)} others have no place in an image without the distortion of the camera: do its coefficients belong to this lens and model?`;
  const message = dropped > 0 ? `${few} ${lens}` : few;
  return new AppError('GOAL_TOO_FEW_POINTS', { message, details: { points, limit } });
}
