import type { FeaturePipeline } from '../../src/servoing/features/feature-pipeline.js';
import type { TrackedFeatures } from '../../src/servoing/features/track-features.js';
import type { Features } from '../../src/vision/features/types.js';
import type { Pose } from '../../src/vision/geometry/pose.js';
import { poseError, referenceVelocity } from '../../src/vision/servoing/reference-law.js';
import { compareVelocity, type VelocityComparison } from '../../src/vision/geometry/velocity.js';
import { centreKeepingPose } from '../../scripts/render/camera-path.js';
import type { MemoryMode } from '../../src/vision/servoing/servo-policy.js';
import type { ServoPair } from './evaluation-scenes.js';
import { trackImage, type PolicyName, type ServoBench } from './servo-under-test.js';
import type { GoalTruth, VirtualCamera } from './virtual-camera.js';
import type { Image } from '../../src/vision/image/image.js';

/** Positions of the images on the path from start (0) to goal (1). */
const SHARES = [0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 0.97];
/** A frame beyond either limit counts as far from its goal, where directions are meaningful. */
const FAR = { shareOfGoalDistance: 0.1, degrees: 10 };
const SECONDS_PER_FRAME = 0.1;

/** Images of one pair, rendered once for all detectors. */
export interface RecordedPath {
  readonly pair: ServoPair;
  readonly truth: GoalTruth;
  readonly goalImage: Image;
  readonly frames: readonly { readonly pose: Pose; readonly image: Image }[];
}

/** Result of one frame of a path. */
export interface JudgedFrame extends VelocityComparison {
  readonly scene: string;
  readonly far: boolean;
  readonly lost: boolean;
  readonly inliers: number;
  readonly confidence: number;
}

/** Renders a path on which the camera keeps the scene's centre in view: a recorded video, independent of the policy. */
export function recordPath(pair: ServoPair, camera: VirtualCamera, truth: GoalTruth): RecordedPath {
  const ends = [pair.start, pair.goal] as const;
  const frames = SHARES.map((share) => {
    const pose = centreKeepingPose(ends, truth.sceneCentre, share);
    return { pose, image: camera.look(pose, pair.scene.condition) };
  });
  return { pair, truth, goalImage: camera.look(pair.goal), frames };
}

/** The goal of a path and where its points are in the frames. */
export interface TrackedPath {
  readonly way: RecordedPath;
  readonly goal: Features;
  readonly frames: readonly TrackedFeatures[];
}

/** Finds the goal of a path and its points in the frames, as a job does. */
export async function trackPath(
  way: RecordedPath,
  pipeline: FeaturePipeline,
  bench: ServoBench,
): Promise<TrackedPath> {
  const goal = bench.goalOf(await pipeline.detect(way.goalImage));
  await pipeline.setGoal(goal);
  const frames = await Promise.all(way.frames.map(({ image }) => trackImage(pipeline, image)));
  return { way, goal, frames };
}

/** Options of {@link judgePath}. */
export interface JudgeOptions {
  readonly detector: string;
  readonly policy: PolicyName;
  readonly memory?: MemoryMode;
}

/** Runs a policy over a recorded path and compares each velocity with that of the reference law for the true pose. */
export async function judgePath(
  bench: ServoBench,
  { way, goal, frames }: TrackedPath,
  { detector, policy, memory }: JudgeOptions,
): Promise<JudgedFrame[]> {
  const { pair, truth } = way;
  const { goalDistance, sceneCentre } = truth;
  const settings = { gain: 1, goalDistance, secondsPerFrame: SECONDS_PER_FRAME };
  const servo = await bench.start({ ...settings, policy, detector, goal, memory });
  const judged: JudgedFrame[] = [];
  for (const [index, tracked] of frames.entries()) {
    const { pose } = way.frames[index];
    const timeSeconds = index * SECONDS_PER_FRAME;
    const { record } = await servo.step({ index, timeSeconds, ...tracked });
    const { metres, degrees } = poseError(pair.goal, pose);
    const teacher = referenceVelocity(pair.goal, pose, sceneCentre);
    judged.push({
      ...compareVelocity(record.velocity ?? [0, 0, 0, 0, 0, 0], teacher, goalDistance),
      scene: pair.scene.name,
      far: metres > FAR.shareOfGoalDistance * goalDistance || degrees > FAR.degrees,
      lost: record.velocity === null,
      inliers: record.inliers,
      confidence: record.confidence,
    });
  }
  return judged;
}
