import { defaultIntrinsics, type Intrinsics } from '../../src/vision/geometry/camera.js';
import { IDENTITY_POSE, type Pose } from '../../src/vision/geometry/pose.js';
import { fromRotationVector } from '../../src/vision/geometry/rotation.js';
import { toRadians, type Vec3 } from '../../src/vision/geometry/vector.js';
import {
  centreKeepingPose,
  handMotion,
  minimumJerk,
  perturbed,
  plateau,
  viewpointPose,
  type CameraPath,
  type Viewpoint,
} from './camera-path.js';

/** A clip to render: camera, seed of the scene, and camera path. */
export interface ClipSpec {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly frames: number;
  readonly intrinsics: Intrinsics;
  /** Seed of the scene and the noise. */
  readonly seed: number;
  /** Index of the frame whose pose is the goal. */
  readonly goalFrame: number;
  readonly path: CameraPath;
}

/** Names of the camera paths. */
export type PathName = 'approach' | 'hard-start' | 'lost-goal' | 'moving-away';

/** Options of a clip. */
export interface ClipOptions {
  readonly path: PathName;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly frames: number;
  readonly seed: number;
}

const CENTRE: Vec3 = [0, 0, 0.03];
const GOAL: Viewpoint = { target: CENTRE, distance: 0.7, azimuth: 205, elevation: 78, turns: [6, -3, 2] };

/** Where each clip's camera is farthest from its goal. */
const FAR: Record<PathName, Viewpoint> = {
  approach: { target: CENTRE, distance: 0.88, azimuth: 232, elevation: 60, turns: [4, 4, -5] },
  'hard-start': { target: CENTRE, distance: 0.8, azimuth: 205, elevation: 62, turns: [66, 3, -2] },
  'lost-goal': { target: CENTRE, distance: 0.82, azimuth: 185, elevation: 66, turns: [18, 4, 3] },
  'moving-away': { target: CENTRE, distance: 0.88, azimuth: 182, elevation: 58, turns: [-2, -4, 4] },
};

/** Creates a clip with one of the four paths; its goal is the last frame, or the first when moving away. */
export function createClip(options: ClipOptions): ClipSpec {
  const { path, frames, fps, width, height } = options;
  return {
    ...options,
    name: path,
    intrinsics: defaultIntrinsics(width, height),
    goalFrame: path === 'moving-away' ? 0 : frames - 1,
    path: createPath(path, (frames - 1) / fps),
  };
}

/** The four bundled sample clips. */
export const SAMPLE_CLIPS: readonly ClipSpec[] = [
  createClip({ path: 'approach', width: 640, height: 480, fps: 30, frames: 120, seed: 11 }),
  createClip({ path: 'hard-start', width: 640, height: 480, fps: 30, frames: 120, seed: 23 }),
  createClip({ path: 'lost-goal', width: 640, height: 480, fps: 30, frames: 150, seed: 37 }),
  createClip({ path: 'moving-away', width: 640, height: 480, fps: 25, frames: 100, seed: 53 }),
];

function createPath(name: PathName, duration: number): CameraPath {
  const goal = viewpointPose(GOAL);
  const far = viewpointPose(FAR[name]);
  const ends = name === 'moving-away' ? ([goal, far] as const) : ([far, goal] as const);
  const main: CameraPath = (seconds) => centreKeepingPose(ends, CENTRE, progress(name, seconds / duration));
  const steady = perturbed(main, (seconds) => {
    // The hand comes to rest at the goal, so that the goal frame is sharp.
    const share = seconds / duration;
    const unrest = name === 'moving-away' ? minimumJerk(3 * share) : minimumJerk(3 * (1 - share));
    return handMotion(seconds, { metres: 0.012 * unrest, degrees: 1.6 * unrest });
  });
  return name === 'lost-goal' ? perturbed(steady, (seconds) => lookAway(seconds / duration)) : steady;
}

/**
 * Share of the path at a share of the time. A camera that looks away pauses meanwhile, so it returns far from its goal.
 */
function progress(name: PathName, share: number): number {
  if (name !== 'lost-goal') return minimumJerk(share);
  return 0.35 * minimumJerk(share / 0.32) + 0.65 * minimumJerk((share - 0.62) / 0.38);
}

/** In the middle of the clip the camera turns right until nothing of the goal view is visible. */
function lookAway(share: number): Pose {
  const amount = plateau(share, [0.26, 0.42, 0.54, 0.7]);
  if (amount === 0) return IDENTITY_POSE;
  const rotation = fromRotationVector([toRadians(-6 * amount), toRadians(64 * amount), 0]);
  const translation: Vec3 = [0.12 * amount, 0, -0.05 * amount];
  return { rotation, translation };
}
