import type { Pose } from '../../src/vision/geometry/pose.js';
import { poseError } from '../../src/vision/servoing/reference-law.js';
import type { Vec3 } from '../../src/vision/geometry/vector.js';
import { viewpointPose } from '../../scripts/render/camera-path.js';
import {
  DEEP_STYLE,
  FLAT_STYLE,
  LOW_TEXTURE_STYLE,
  MIXED_STYLE,
  REPETITIVE_STYLE,
  type SceneStyle,
} from '../../scripts/render/scene-style.js';
import { createRandom, type SeededRandom } from '../../scripts/render/seeded-random.js';
import { CLEAN_IMAGE, type ImageCondition } from './image-condition.js';

/** A scene of the evaluation, and how its current images are degraded; goal images are always clean. */
export interface EvaluationScene {
  readonly name: string;
  readonly seed: number;
  readonly style: SceneStyle;
  readonly condition: ImageCondition;
}

/** Scenes of the evaluation. Training never uses images, so they are all held out. */
export const EVALUATION_SCENES: readonly EvaluationScene[] = [
  { name: 'mixed', seed: 7001, style: MIXED_STYLE, condition: CLEAN_IMAGE },
  { name: 'flat', seed: 7002, style: FLAT_STYLE, condition: CLEAN_IMAGE },
  { name: 'deep', seed: 7003, style: DEEP_STYLE, condition: CLEAN_IMAGE },
  { name: 'repetitive', seed: 7004, style: REPETITIVE_STYLE, condition: CLEAN_IMAGE },
  { name: 'low texture', seed: 7005, style: LOW_TEXTURE_STYLE, condition: CLEAN_IMAGE },
  {
    name: 'light change',
    seed: 7006,
    style: MIXED_STYLE,
    condition: { ...CLEAN_IMAGE, gain: 0.55, gamma: 1.4, slope: 0.5 },
  },
  { name: 'blur', seed: 7007, style: MIXED_STYLE, condition: { ...CLEAN_IMAGE, blur: 1.6 } },
  { name: 'noise', seed: 7008, style: MIXED_STYLE, condition: { ...CLEAN_IMAGE, noise: 12 } },
];

/** Start and goal of one servo run. */
export interface ServoPair {
  readonly scene: EvaluationScene;
  /** Index of the pair within its scene. */
  readonly index: number;
  readonly goal: Pose;
  readonly start: Pose;
}

const CENTRE: Vec3 = [0, 0, 0.05];
/** Ranges of the rotation between goal and start in degrees; the pairs of a scene alternate between them. */
const TURNS: readonly (readonly [number, number])[] = [
  [8, 25],
  [25, 50],
  [50, 80],
  [80, 130],
];
/** Metres between the camera centres of goal and start. */
const SHIFT: readonly [number, number] = [0.08, 0.42];
const ATTEMPTS = 4000;

/**
 * Draws the pairs of a scene: goal cameras look down at its centre; start cameras look at it from elsewhere, rotated
 * about the optical axis by up to 130 degrees. Deterministic for a scene.
 * @param sees whether enough of the goal view is in view at the start
 */
export function drawPairs(
  scene: EvaluationScene,
  count: number,
  sees: (goal: Pose, start: Pose) => boolean,
): ServoPair[] {
  const random = createRandom(scene.seed + 31);
  return Array.from({ length: count }, (_, index) => {
    const [least, most] = TURNS[index % TURNS.length];
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const azimuth = random.range(0, 360);
      const goal = drawPose(random, { azimuth, distance: [0.6, 0.8], elevation: [72, 88], roll: 15 });
      const start = drawPose(random, {
        azimuth: azimuth + random.range(-40, 40),
        distance: [0.6, 1.05],
        elevation: [52, 86],
        roll: 110,
      });
      const { metres, degrees } = poseError(goal, start);
      const wanted = degrees >= least && degrees <= most && metres >= SHIFT[0] && metres <= SHIFT[1];
      if (wanted && sees(goal, start)) return { scene, index, goal, start };
    }
    throw new Error(`no pair with a turn of ${least} to ${most} degrees found in scene ${scene.name}`);
  });
}

interface PoseRanges {
  readonly azimuth: number;
  readonly distance: readonly [number, number];
  readonly elevation: readonly [number, number];
  /** Largest rotation about the optical axis, degrees. */
  readonly roll: number;
}

function drawPose(random: SeededRandom, { azimuth, distance, elevation, roll }: PoseRanges): Pose {
  const turns = [random.range(-roll, roll), random.range(-5, 5), random.range(-5, 5)] as const;
  return viewpointPose({
    target: CENTRE,
    distance: random.range(...distance),
    azimuth,
    elevation: random.range(...elevation),
    turns,
  });
}
