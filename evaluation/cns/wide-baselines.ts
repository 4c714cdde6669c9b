import type { Pose } from '../../src/vision/geometry/pose.js';
import { angleBetween, subtract, toDegrees, type Vec3 } from '../../src/vision/geometry/vector.js';
import { centreKeepingPose, viewpointPose } from '../../scripts/render/camera-path.js';
import {
  DEEP_STYLE,
  LOW_TEXTURE_STYLE,
  MIXED_STYLE,
  REPETITIVE_STYLE,
} from '../../scripts/render/scene-style.js';
import { createRandom, type SeededRandom } from '../../scripts/render/seeded-random.js';
import type { EvaluationScene } from './evaluation-scenes.js';
import { CLEAN_IMAGE } from './image-condition.js';
import type { GoalTruth } from './virtual-camera.js';

/** Scenes that are looked at from far aside. */
export const WIDE_SCENES: readonly EvaluationScene[] = [
  { name: 'mixed', seed: 7101, style: MIXED_STYLE, condition: CLEAN_IMAGE },
  { name: 'deep', seed: 7102, style: DEEP_STYLE, condition: CLEAN_IMAGE },
  { name: 'repetitive', seed: 7103, style: REPETITIVE_STYLE, condition: CLEAN_IMAGE },
  { name: 'low texture', seed: 7104, style: LOW_TEXTURE_STYLE, condition: CLEAN_IMAGE },
];

/** Degrees between the lines of sight of goal and frame at the scene's centre: one sweep for each range. */
const BASELINES: readonly (readonly [number, number])[] = [
  [15, 30],
  [30, 45],
  [45, 60],
  [60, 75],
];
const GOALS = 3;
/** Share of a goal's points that must be in the image at both ends of a sweep. */
const MIN_OVERLAP = 0.35;
/** Share of a goal's points that an image beside it may show. */
const MAX_OVERLAP_ASIDE = 0.02;
/** Largest turn about the scene from goal to frame, degrees. */
const AZIMUTH = 80;
const ATTEMPTS = 20_000;
const CENTRE: Vec3 = [0, 0, 0.05];

/** A camera that moves from one far place to another, always far from its goal. */
export interface WideSweep {
  readonly scene: EvaluationScene;
  readonly goal: Pose;
  readonly truth: GoalTruth;
  /** Range of the baseline at both ends, degrees. */
  readonly baseline: readonly [number, number];
  readonly poses: readonly Pose[];
}

/** What is asked of the scene's camera. */
export interface SceneView {
  truthAt(goal: Pose): GoalTruth;
  /** Share of the points in the image at a pose. */
  overlap(points: readonly Vec3[], pose: Pose): number;
}

/**
 * Three goals of a scene with a sweep of `frames` images for each range of baselines: 0.35 to 1.4 m from the scene, rolled
 * by up to 60 degrees. Always the same for the same scene.
 */
export function drawSweeps(scene: EvaluationScene, frames: number, view: SceneView): WideSweep[] {
  const random = createRandom(scene.seed + 57);
  return Array.from({ length: GOALS }, (_, k) => {
    const azimuth = random.range(0, 360);
    const goal = drawPose(random, { azimuth, distance: [0.6, 0.8], elevation: [60, 85], roll: 15 });
    const truth = view.truthAt(goal);
    return BASELINES.map((baseline) => {
      const accept = (pose: Pose): boolean => {
        const angle = baselineDegrees(goal, pose, truth.sceneCentre);
        const wide = angle >= baseline[0] && angle <= baseline[1];
        return wide && view.overlap(truth.points, pose) >= MIN_OVERLAP;
      };
      const ends = [0, 1].map(() => drawEnd(random, azimuth, { accept, name: `${scene.name}, goal ${k}` }));
      const poses = Array.from({ length: frames }, (_, i) =>
        centreKeepingPose([ends[0], ends[1]], truth.sceneCentre, i / Math.max(1, frames - 1)),
      );
      return { scene, goal, truth, baseline, poses };
    });
  }).flat();
}

/** Poses over the scene of a sweep from which its goal's surface is out of view: nothing right can be found there. */
export function drawAside(
  { scene, goal, truth }: WideSweep,
  count: number,
  overlap: SceneView['overlap'],
): Pose[] {
  const random = createRandom(scene.seed + 91 + Math.round(1000 * Math.abs(goal.translation[0])));
  const accept = (pose: Pose): boolean => overlap(truth.points, pose) <= MAX_OVERLAP_ASIDE;
  return Array.from({ length: count }, () => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const turns = [random.range(-60, 60), random.range(-60, 60), random.range(-60, 60)] as const;
      const [azimuth, elevation] = [random.range(0, 360), random.range(25, 80)];
      const distance = random.logRange(0.5, 1.4);
      const pose = viewpointPose({ target: CENTRE, distance, azimuth, elevation, turns });
      if (accept(pose)) return pose;
    }
    throw new Error(`no pose that looks aside found in scene ${scene.name}`);
  });
}

interface WantedEnd {
  readonly accept: (pose: Pose) => boolean;
  readonly name: string;
}

function drawEnd(random: SeededRandom, goalAzimuth: number, { accept, name }: WantedEnd): Pose {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const azimuth = goalAzimuth + random.range(-AZIMUTH, AZIMUTH);
    const pose = drawPose(random, { azimuth, distance: [0.35, 1.4], elevation: [15, 88], roll: 60 });
    if (accept(pose)) return pose;
  }
  throw new Error(`no pose with that baseline found in scene ${name}`);
}

/** Degrees between the directions from the scene's centre to two cameras. */
export function baselineDegrees(goal: Pose, pose: Pose, centre: Vec3): number {
  const angle = angleBetween(subtract(goal.translation, centre), subtract(pose.translation, centre));
  return angle === null ? 0 : toDegrees(angle);
}

interface PoseRanges {
  readonly azimuth: number;
  readonly distance: readonly [number, number];
  readonly elevation: readonly [number, number];
  readonly roll: number;
}

function drawPose(random: SeededRandom, { azimuth, distance, elevation, roll }: PoseRanges): Pose {
  const turns = [random.range(-roll, roll), random.range(-8, 8), random.range(-8, 8)] as const;
  const metres = random.logRange(...distance);
  return viewpointPose({
    target: CENTRE,
    distance: metres,
    azimuth,
    elevation: random.range(...elevation),
    turns,
  });
}
