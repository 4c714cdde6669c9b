import type { ServoCamera } from '../../../src/domain/servo.js';
import { createFeaturePipeline } from '../../../src/servoing/features/detectors/registry.js';
import { LiveCamera } from '../../../src/servoing/live/live-camera.js';
import { LiveServo, type LiveStep } from '../../../src/servoing/live/live-servo.js';
import { openPolicy, type PolicyRequest } from '../../../src/servoing/open-policy.js';
import type { Image } from '../../../src/vision/image/image.js';
import { viewpointPose } from '../../../scripts/render/camera-path.js';
import { MIXED_STYLE } from '../../../scripts/render/scene-style.js';
import { buildScene } from '../../../scripts/render/scene.js';
import { LensCamera, type LensImages, type PlumbBob } from './lens-camera.js';

const SIZE = { width: 480, height: 360 };
const FOCAL_LENGTH = 403;
/** A wide-angle lens: the corners lie a tenth of the image farther in than a pinhole camera has them. */
const LENS: PlumbBob = [-0.28, 0.09, 0.0008, -0.0006, -0.01];
const SCENE = { seed: 7001, texelsPerMetre: 1100, style: MIXED_STYLE };
/** Side of the image from which the bent one is made, in images. */
const MARGIN = 1.35;
/** Metres from the goal camera to the scene. */
export const GOAL_DISTANCE = 0.7;

/** The camera of the bent images, as ROS writes it. */
export const CAMERA_INFO = `
image_width: ${String(SIZE.width)}
image_height: ${String(SIZE.height)}
camera_matrix: {rows: 3, cols: 3, data: [403, 0, 240, 0, 403, 180, 0, 0, 1]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [${LENS.join(', ')}]}
`;

/** From far and aslant (1) to the goal (0). */
const poseAt = (way: number) =>
  viewpointPose({
    target: [0, -0.03 * way, 0.05],
    distance: GOAL_DISTANCE + 0.3 * way,
    azimuth: 40 + 25 * way,
    elevation: 80 - 14 * way,
    turns: [25 * way, 4 * way, -3 * way],
  });

/** The goal and the views of a way to it, each by a pinhole camera and through the lens. */
export function lensSequence(ways: readonly number[]): readonly LensImages[] {
  const intrinsics = { fx: FOCAL_LENGTH, fy: FOCAL_LENGTH, cx: SIZE.width / 2, cy: SIZE.height / 2 };
  const camera = new LensCamera({ ...SIZE, intrinsics, lens: LENS, margin: MARGIN });
  const scene = buildScene(SCENE);
  return [0, ...ways].map((way) => camera.look(scene, poseAt(way)));
}

/** How a sequence is answered. */
export interface LensServo {
  readonly camera: ServoCamera;
  readonly detector: string;
  readonly policy: PolicyRequest['policy'];
  readonly modelsDirectory: string;
  /** As the API takes it. */
  readonly handEye?: readonly number[];
}

/** What a live session says of each image after the first one, its goal; gain 1, without limits. */
export async function lensSteps(images: readonly Image[], servo: LensServo): Promise<LiveStep[]> {
  const { camera, detector, policy, modelsDirectory, handEye = null } = servo;
  const features = await createFeaturePipeline(detector, { modelsDirectory });
  const scale = { gain: 1, goalDistance: 1, memory: 'frame' } as const;
  const opened = await openPolicy({
    ...scale,
    policy,
    detector,
    modelsDirectory,
    device: 'cpu',
    strict: false,
  });
  try {
    const view = new LiveCamera({ camera, fieldOfView: null, workingSize: SIZE.width }, SIZE).view(SIZE);
    // The pipeline takes the pixels away.
    const [goal, ...frames] = images.map((image) => ({ ...image, data: new Uint8Array(image.data) }));
    const free = {
      gain: 1,
      depthHint: null,
      limits: { linear: null, angular: null },
      onWeak: 'use',
    } as const;
    const setup = { ...free, goalDistance: GOAL_DISTANCE, handEye };
    const live = await LiveServo.start(await features.detect(goal), { setup, opened, view });
    await features.setGoal(live.goal);
    const steps: LiveStep[] = [];
    for (const frame of frames) {
      const tracked = await features.track(frame, view.lens);
      steps.push(await live.step({ tracked, view, captureTimeMicros: BigInt(steps.length) * 40_000n }));
    }
    return steps;
  } finally {
    opened.release();
    await features.close();
  }
}
