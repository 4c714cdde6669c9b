import { backProject, project, type Intrinsics } from '../../src/vision/geometry/camera.js';
import { inverseTransformPoint, transformPoint, type Pose } from '../../src/vision/geometry/pose.js';
import { referenceVelocity } from '../../src/vision/servoing/reference-law.js';
import { length, subtract, type Vec3 } from '../../src/vision/geometry/vector.js';
import type { Velocity } from '../../src/vision/geometry/velocity.js';
import { pathVelocity } from './camera-path.js';
import type { ClipSpec } from './clip-spec.js';
import type { Rasteriser } from './rasteriser.js';

/** Ground truth of a rendered clip; written as JSON next to it. Poses are camera-to-world, metres. */
export interface ClipTruth {
  readonly schemaVersion: 1;
  readonly fps: number;
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  /** Pixels; the centre of the top left pixel is (0, 0). */
  readonly intrinsics: Intrinsics;
  readonly goalFrame: number;
  /** Metres from the goal camera to the scene centre. */
  readonly goalDistance: number;
  /** Mean of the surface points that the goal camera sees; world metres. */
  readonly sceneCentre: Vec3;
  readonly seed: number;
  readonly poses: readonly Pose[];
  /** True velocity of the camera at each frame, its own frame, m/s and rad/s. */
  readonly velocities: readonly Velocity[];
  /** Velocity of the reference law for the true pose relative to the goal, same frame and units, gain 1. */
  readonly teacher: readonly Velocity[];
}

const GRID_PIXELS = 8;

/** Surface points (world) on an even grid of pixels of the rasteriser's last frame, rendered from `pose`. */
export function visiblePoints(rasteriser: Rasteriser, pose: Pose): Vec3[] {
  const { width, height, intrinsics } = rasteriser.camera;
  const points: Vec3[] = [];
  for (let v = GRID_PIXELS / 2; v < height; v += GRID_PIXELS) {
    for (let u = GRID_PIXELS / 2; u < width; u += GRID_PIXELS) {
      const depth = rasteriser.depthAt(u, v);
      if (depth !== null) points.push(transformPoint(pose, backProject(intrinsics, [u, v], depth)));
    }
  }
  return points;
}

/** Share of the points, 0 to 1, inside the image of a camera at `pose` (including occluded ones). */
export function shareInView(
  points: readonly Vec3[],
  pose: Pose,
  clip: Pick<ClipSpec, 'width' | 'height' | 'intrinsics'>,
): number {
  const inside = points.filter((point) => {
    const pixel = project(clip.intrinsics, inverseTransformPoint(pose, point));
    return (
      pixel !== null && pixel[0] >= 0 && pixel[0] < clip.width && pixel[1] >= 0 && pixel[1] < clip.height
    );
  });
  return inside.length / points.length;
}

/** Poses, velocities and the reference law's velocities for every frame of a clip. */
export function clipTruth(clip: ClipSpec, goalPoints: readonly Vec3[]): ClipTruth {
  const { fps, frames, width, height, intrinsics, goalFrame, seed, path } = clip;
  const times = Array.from({ length: frames }, (_, frame) => frame / fps);
  const poses = times.map(path);
  const goal = poses[goalFrame];
  const sceneCentre = mean(goalPoints);
  return {
    ...{ schemaVersion: 1, fps, frames, width, height, intrinsics, goalFrame },
    goalDistance: length(subtract(sceneCentre, goal.translation)),
    sceneCentre,
    seed,
    poses,
    velocities: times.map((seconds) => pathVelocity(path, seconds)),
    teacher: poses.map((pose) => referenceVelocity(goal, pose, sceneCentre)),
  };
}

/** JSON text with nine significant digits, one frame per line. */
export function formatTruth(truth: ClipTruth): string {
  const { poses, velocities, teacher, ...head } = truth;
  const compact = (value: unknown): string =>
    JSON.stringify(value, (_, item: unknown) =>
      typeof item === 'number' ? Number(item.toPrecision(9)) : item,
    );
  const lines = (items: readonly unknown[]): string => `[\n    ${items.map(compact).join(',\n    ')}\n  ]`;
  const fields = Object.entries(head).map(([key, value]) => `  "${key}": ${compact(value)}`);
  fields.push(
    `  "poses": ${lines(poses)}`,
    `  "velocities": ${lines(velocities)}`,
    `  "teacher": ${lines(teacher)}`,
  );
  return `{\n${fields.join(',\n')}\n}\n`;
}

function mean(points: readonly Vec3[]): Vec3 {
  const sum = (axis: 0 | 1 | 2): number => points.reduce((total, point) => total + point[axis], 0);
  return [sum(0) / points.length, sum(1) / points.length, sum(2) / points.length];
}
