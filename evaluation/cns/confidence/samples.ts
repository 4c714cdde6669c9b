import { createFeaturePipeline } from '../../../src/servoing/features/detectors/registry.js';
import type { FeaturePipeline } from '../../../src/servoing/features/feature-pipeline.js';
import type { FrameRecord } from '../../../src/servoing/frame-record.js';
import type { Pose } from '../../../src/vision/geometry/pose.js';
import { compareVelocity } from '../../../src/vision/geometry/velocity.js';
import { poseError, referenceVelocity } from '../../../src/vision/servoing/reference-law.js';
import type { Image } from '../../../src/vision/image/image.js';
import { POLICIES, trackImage, type PolicyName, type ServoBench } from '../servo-under-test.js';
import type { GoalTruth } from '../virtual-camera.js';

/** Beyond one of these a frame counts as far from its goal. */
const FAR = { shareOfGoalDistance: 0.1, degrees: 10 };
const SECONDS_PER_FRAME = 0.1;

/** Frames of one camera path towards or around one goal, with their truth. */
export interface FrameSequence {
  /** What is looked at, as in the tables. */
  readonly group: 'usual' | 'wide' | 'aside';
  readonly scene: string;
  readonly goal: Pose;
  readonly truth: GoalTruth;
  readonly goalImage: Image;
  readonly frames: readonly { readonly pose: Pose; readonly image: Image }[];
}

/** One frame, by one detector and policy. */
export interface Sample {
  readonly group: FrameSequence['group'];
  readonly scene: string;
  readonly detector: string;
  readonly policy: PolicyName;
  readonly far: boolean;
  readonly status: FrameRecord['status'];
  /** Angle between the six-vectors of the velocity and of the reference law; null when lost. */
  readonly angle: number | null;
  readonly confidence: number;
  /** What the confidence was computed from; null when lost. */
  readonly features: readonly number[] | null;
}

/** Detects and servos sequences with every policy. */
export class SampleCollector {
  readonly #bench: ServoBench;
  readonly #modelsDirectory: string;

  constructor(bench: ServoBench, modelsDirectory: string) {
    this.#bench = bench;
    this.#modelsDirectory = modelsDirectory;
  }

  async collect(sequences: readonly FrameSequence[], detectorName: string): Promise<Sample[]> {
    const samples: Sample[] = [];
    const detector = await createFeaturePipeline(detectorName, { modelsDirectory: this.#modelsDirectory });
    try {
      for (const sequence of sequences) samples.push(...(await this.#follow(sequence, detector)));
    } finally {
      await detector.close();
    }
    return samples;
  }

  async #follow(sequence: FrameSequence, detector: FeaturePipeline): Promise<Sample[]> {
    const { goal, truth, goalImage, frames } = sequence;
    const features = this.#bench.goalOf(await detector.detect(goalImage));
    await detector.setGoal(features);
    const settings = { gain: 1, goalDistance: truth.goalDistance, secondsPerFrame: SECONDS_PER_FRAME };
    const request = { ...settings, detector: detector.name, goal: features };
    const servos = await Promise.all(POLICIES.map((policy) => this.#bench.start({ ...request, policy })));
    const samples: Sample[] = [];
    for (const [index, { pose, image }] of frames.entries()) {
      const tracked = await trackImage(detector, image);
      const frame = { index, timeSeconds: index * SECONDS_PER_FRAME, ...tracked };
      const reference = referenceVelocity(goal, pose, truth.sceneCentre);
      for (const [k, servo] of servos.entries()) {
        const { record, confidence } = await servo.step(frame);
        const { velocity, status } = record;
        samples.push({
          ...{ group: sequence.group, scene: sequence.scene, detector: detector.name, policy: POLICIES[k] },
          far: isFar(goal, pose, truth),
          status,
          angle: velocity && compareVelocity(velocity, reference, truth.goalDistance).angle6Deg,
          confidence: record.confidence,
          features: confidence?.features ?? null,
        });
      }
    }
    return samples;
  }
}

function isFar(goal: Pose, pose: Pose, { goalDistance }: GoalTruth): boolean {
  const { metres, degrees } = poseError(goal, pose);
  return metres > FAR.shareOfGoalDistance * goalDistance || degrees > FAR.degrees;
}
