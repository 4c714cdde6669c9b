import { AppError } from '../errors/app-error.js';
import { clusterPoints, rebuildClusters, type Clusters } from '../vision/features/clustering.js';
import type { Correspondences } from '../vision/features/correspondences.js';
import { selectGoalFeatures } from '../vision/features/goal-selection.js';
import { toNormalisedPlane } from '../vision/features/normalised-plane.js';
import type { Features } from '../vision/features/types.js';
import type { Vec3 } from '../vision/geometry/vector.js';
import { frameConfidence, type FrameConfidence } from '../vision/servoing/confidence.js';
import { IbvsPolicy } from '../vision/servoing/ibvs-policy.js';
import { sceneCentre } from '../vision/servoing/pose-agreement.js';
import { MIN_GOAL_POINTS, type ServoObservation, type ServoPolicy } from '../vision/servoing/servo-policy.js';
import { StopRule } from '../vision/servoing/stop-rule.js';
import type { CameraSetup } from './camera-setup.js';
import { LastView } from './last-view.js';
import type { FrameMatches, FrameRecord, LostReason } from './frame-record.js';
import { roundMs } from '../telemetry/stopwatch.js';
import type { TrackedFrame } from './track-ahead.js';

/**
 * Convergence limit of the IBVS velocity used for the confidence: well below the precision of a confidence, in half of
 * the rounds.
 */
const REFERENCE_TOLERANCE = 1e-4;

const NO_CLUSTERS = { count: 0, labels: new Int32Array() } as const;

/** Maps pixels of analysed frames to the normalised plane. */
export type CameraView = Pick<CameraSetup, 'workingSize' | 'workingIntrinsics'>;

/** Components and settings of a servo run. */
export interface ServoSetup {
  readonly policy: ServoPolicy;
  /** Name of the detector of goal and frames. */
  readonly detector: string;
  readonly goalCamera: CameraView;
  /** Camera of frames without a view of their own. */
  readonly currentCamera: CameraView;
  readonly maxPoints: number;
  readonly stopThreshold: number;
  readonly secondsPerFrame: number;
  readonly gain: number;
  readonly goalDistance: number;
  /** Whether weak frames get a velocity; `use` unless given. */
  readonly onWeak?: 'use' | 'null';
}

/** One processed frame: its record, and on demand its correspondences for an image. */
export interface ServoStep {
  readonly record: FrameRecord;
  /** What the record's confidence was computed from; null without a velocity. */
  readonly confidence: FrameConfidence | null;
  matches(): FrameMatches;
}

interface AnsweredFrame {
  readonly observation: ServoObservation;
  readonly view: CameraView;
  readonly velocity: FrameRecord['velocity'];
  readonly featureError: number | null;
}

/** Computes velocities from the correspondences of each frame: policy, stop rule and confidence. */
export class Servo {
  readonly goal: Features;
  /** Cluster of each goal point; empty for a goal without texture. */
  readonly labels: Int32Array;
  readonly clusters: number;
  readonly #setup: ServoSetup;
  /** `null` for a goal without texture; all frames are then lost. */
  readonly #stopRule: StopRule | null;
  readonly #reference: IbvsPolicy;
  readonly #lastView: LastView;
  readonly #goalPoints: Float32Array;
  readonly #centre: Vec3;

  private constructor(
    setup: ServoSetup,
    goal: Features,
    goalPoints: { points: Float32Array; clusters: Pick<Clusters, 'count' | 'labels'> },
  ) {
    this.#setup = setup;
    this.goal = goal;
    this.clusters = goalPoints.clusters.count;
    this.labels = goalPoints.clusters.labels;
    this.#goalPoints = goalPoints.points;
    this.#centre = sceneCentre(goalPoints.points);
    const { stopThreshold: threshold, secondsPerFrame, gain, goalDistance } = setup;
    this.#stopRule =
      goal.count < MIN_GOAL_POINTS
        ? null
        : new StopRule({ goal: goalPoints.points, threshold, secondsPerFrame });
    const { width, height } = setup.currentCamera.workingSize;
    this.#lastView = new LastView({ points: goal.points, frameArea: width * height });
    this.#reference = new IbvsPolicy({ gain, goalDistance, tolerance: REFERENCE_TOLERANCE });
  }

  /**
   * Selects and clusters the goal points and passes them to the policy. A goal frame without enough texture gives no
   * velocity; the frame records state the reason.
   * @param labels of an earlier servo for the same features and setup, which saves the clustering
   */
  static async start(features: Features, setup: ServoSetup, labels?: Int32Array): Promise<Servo> {
    const goal = selectGoalFeatures(features, setup.goalCamera.workingSize, setup.maxPoints);
    const points = toNormalisedPlane(goal.points, setup.goalCamera.workingIntrinsics);
    if (goal.count < MIN_GOAL_POINTS) return new Servo(setup, goal, { points, clusters: NO_CLUSTERS });
    const clusters = labels?.length === goal.count ? rebuildClusters(points, labels) : clusterPoints(points);
    const servo = new Servo(setup, goal, { points, clusters });
    const servoGoal = { points, member: clusters.member, center: clusters.center };
    await setup.policy.setGoal(servoGoal);
    await servo.#reference.setGoal(servoGoal);
    return servo;
  }

  /**
   * Processes the next frame. Frames must be in order, since policy and stop rule are stateful.
   * @param view camera of this frame, where frames differ in size
   */
  async step(frame: TrackedFrame, view: CameraView = this.#setup.currentCamera): Promise<ServoStep> {
    const found = this.#lookTwice(frame);
    const networkStart = performance.now();
    const current = toNormalisedPlane(found.cur, view.workingIntrinsics, found.visible);
    const observation = { current, visible: Uint8Array.from(found.visible) };
    const lost: LostReason | null = this.#stopRule === null ? 'GOAL_TOO_FEW_POINTS' : found.lost;
    const weak = lost === null ? found.weak : null;
    const unused = lost ?? (this.#setup.onWeak === 'null' ? weak : null);
    const answer = unused ? null : await this.#answer(observation, weak !== null);
    const featureError = this.#featureError(observation, weak !== null);
    const velocity = answer?.velocity ?? null;
    const end = performance.now();
    const reason: LostReason | null = unused ?? answer?.reason ?? null;
    const judged = { observation, view, velocity, featureError };
    const confidence = await this.#confidence(found, judged);
    const record: FrameRecord = {
      frame: frame.index,
      timeSeconds: frame.timeSeconds,
      velocity,
      status: lost !== null || (unused === null && velocity === null) ? 'lost' : weak ? 'weak' : 'tracking',
      reason: velocity === null ? reason : null,
      keypoints: frame.keypoints,
      matches: found.matches.count,
      inliers: found.inlierCount,
      model: found.model,
      featureError,
      confidence: confidence?.value ?? 0,
      goalReached: (this.#stopRule?.reachedFrame ?? null) !== null,
      timingsMs: {
        detect: roundMs(frame.detectMs),
        match: roundMs(frame.matchMs),
        network: roundMs(end - networkStart),
      },
    };
    return { record, confidence, matches: () => this.#matchesOf(found, frame) };
  }

  /** A frame in which nothing was verified is looked at again near where the goal was a moment ago. */
  #lookTwice({ found, timeSeconds }: TrackedFrame): Correspondences {
    if (found.lost !== null) return this.#lastView.secondLook(found, timeSeconds);
    this.#lastView.remember(found, timeSeconds);
    return found;
  }

  /** Weak frames leave the stop rule as a lost frame does: their points may be wrong. */
  #featureError(observation: ServoObservation, weak: boolean): number | null {
    if (!weak) return this.#stopRule?.update(observation).featureError ?? null;
    const featureError = this.#stopRule?.errorOf(observation) ?? null;
    this.#stopRule?.update({ ...observation, visible: new Uint8Array(observation.visible.length) });
    return featureError;
  }

  /**
   * A frame for which the network returns non-finite numbers is lost; the job continues and the policy's memory is
   * unchanged. Points of a weak frame do not enter the memory.
   */
  async #answer(
    observation: ServoObservation,
    weak: boolean,
  ): Promise<Pick<FrameRecord, 'velocity' | 'reason'>> {
    try {
      const { velocity, lost } = await this.#setup.policy.step(
        observation,
        weak ? { memory: 'frame', verified: false } : {},
      );
      return { velocity, reason: lost?.code ?? null };
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'NETWORK_NON_FINITE') throw error;
      return { velocity: null, reason: 'NETWORK_NON_FINITE' };
    }
  }

  async #confidence(
    found: Correspondences,
    { observation, view, velocity, featureError }: AnsweredFrame,
  ): Promise<FrameConfidence | null> {
    if (velocity === null) return null;
    const { policy, gain, goalDistance } = this.#setup;
    const { workingIntrinsics, workingSize } = view;
    const viewArea = (workingSize.width / workingIntrinsics.fx) * (workingSize.height / workingIntrinsics.fy);
    // With the IBVS policy the comparison would be meaningless.
    const itself = policy.name === 'ibvs';
    const ibvs = itself ? null : (await this.#reference.step(observation)).velocity;
    const seen = (points: Float32Array) => points.filter((_, index) => observation.visible[index >> 1] === 1);
    return frameConfidence({
      weak: found.weak !== null,
      matches: found.matches.count,
      inliers: found.inlierCount,
      points: { goal: seen(this.#goalPoints), current: seen(observation.current) },
      centre: this.#centre,
      viewArea,
      featureError: featureError ?? 0,
      detector: this.#setup.detector,
      policy: policy.name,
      velocity,
      ibvs,
      gain,
      goalDistance,
    });
  }

  #matchesOf(found: Correspondences, frame: TrackedFrame): FrameMatches {
    const rows = [...found.visible.keys()].filter((row) => found.visible[row] === 1);
    const pick = (points: Float32Array) =>
      Float32Array.from(rows.flatMap((row) => [points[2 * row], points[2 * row + 1]]));
    return {
      frame: frame.index,
      goal: pick(this.goal.points),
      current: pick(found.cur),
      inliers: found.inlierCount,
      matches: found.matches.count,
    };
  }
}
