import { poseError } from '../../src/vision/servoing/reference-law.js';
import { relativePose, type Pose } from '../../src/vision/geometry/pose.js';
import { toRotationVector } from '../../src/vision/geometry/rotation.js';
import { length, subtract, toDegrees, type Vec3 } from '../../src/vision/geometry/vector.js';
import { viewpointPose } from '../render/camera-path.js';
import { shareInView } from '../render/clip-truth.js';
import type { CameraModel } from '../render/rasteriser.js';
import { SceneCamera, type GoalTruth } from '../render/scene-camera.js';
import {
  DEEP_STYLE,
  FLAT_STYLE,
  LOW_TEXTURE_STYLE,
  MIXED_STYLE,
  REPETITIVE_STYLE,
  type SceneStyle,
} from '../render/scene-style.js';
import { createRandom, type SeededRandom } from '../render/seeded-random.js';

/** Scenes of the demo; starts take turns. */
const DEMO_SCENES: readonly { readonly name: string; readonly style: SceneStyle }[] = [
  { name: 'mixed', style: MIXED_STYLE },
  { name: 'flat', style: FLAT_STYLE },
  { name: 'deep', style: DEEP_STYLE },
  { name: 'repetitive', style: REPETITIVE_STYLE },
  { name: 'low texture', style: LOW_TEXTURE_STYLE },
];

const CENTRE: Vec3 = [0, 0, 0.05];
const GOAL = { target: CENTRE, distance: 0.7, azimuth: 205, elevation: 80 };
/** Where every start has to go. */
export const DEMO_GOAL = viewpointPose({ ...GOAL, turns: [4, 0, 0] });
/** Where starts lie: the camera's distance from the middle of the scene, and how it is turned to it. */
const START = {
  metres: [0.35, 1.4] as const,
  elevation: [55, 88] as const,
  azimuth: 25,
  mostRollDeg: 60,
  /** Turns that take the middle of the scene out of the middle of the image, degrees. */
  tilt: 7,
};
/** Share of the goal's surface that is in view at the start, at least; from 0.35 m a quarter is all that can be. */
const MIN_IN_VIEW = 0.15;
const ATTEMPTS = 4000;

/** One run of the demo: where the camera begins and where it has to go. */
export interface DemoStart {
  readonly scene: string;
  readonly goal: Pose;
  readonly start: Pose;
  readonly truth: GoalTruth;
  readonly camera: SceneCamera;
}

/** Turn about the optical axis between two poses, degrees. */
const rollBetween = (goal: Pose, start: Pose): number =>
  toDegrees(toRotationVector(relativePose(goal, start).rotation)[2]);

/** How far a start is from its goal. */
export const distanceFrom = ({ goal, start }: Pick<DemoStart, 'goal' | 'start'>) => ({
  ...poseError(goal, start),
  rollDeg: rollBetween(goal, start),
  /** Metres from the start to the middle of the scene. */
  sceneMetres: length(subtract(start.translation, CENTRE)),
});

/**
 * Starts by a fixed rule, the same ones for the same seed: up to 60 degrees of roll, 0.35 to 1.4 m from the scene
 * (uniform in the logarithm), up to 25 degrees around it and 25 degrees lower than the goal. Each scene has one goal,
 * 0.7 m above its middle.
 */
export function drawStarts(
  count: number,
  { seed, model }: { seed: number; model: CameraModel },
): DemoStart[] {
  const random = createRandom(seed);
  const scenes = DEMO_SCENES.slice(0, count).map(({ name, style }, index) => {
    const camera = new SceneCamera({ seed: seed + index, texelsPerMetre: 1400, style }, model);
    return { scene: name, camera, goal: DEMO_GOAL, truth: camera.truthAt(DEMO_GOAL) };
  });
  return Array.from({ length: count }, (_, index) => {
    const place = scenes[index % scenes.length];
    return { ...place, start: drawStart(random, place.truth.points, model) };
  });
}

/**
 * One start from which enough of the goal is seen.
 * @param points surface points that the goal camera sees
 */
export function drawStart(random: SeededRandom, points: readonly Vec3[], model: CameraModel): Pose {
  const { metres, elevation, azimuth, mostRollDeg, tilt } = START;
  const distance = random.logRange(...metres);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const start = viewpointPose({
      target: CENTRE,
      distance,
      azimuth: GOAL.azimuth + random.range(-azimuth, azimuth),
      elevation: random.range(...elevation),
      turns: [random.range(-80, 80), random.range(-tilt, tilt), random.range(-tilt, tilt)],
    });
    const rolled = Math.abs(rollBetween(DEMO_GOAL, start)) <= mostRollDeg;
    if (rolled && shareInView(points, start, model) >= MIN_IN_VIEW) return start;
  }
  throw new Error(`no start ${distance.toFixed(2)} m from the scene sees enough of the goal`);
}
