import path from 'node:path';
import type { ServoCamera } from '../../../src/domain/servo.js';
import { parseCameraInfo } from '../../../src/protocols/camera-info/camera-info.js';
import { createFeaturePipeline } from '../../../src/servoing/features/detectors/registry.js';
import { LiveCamera } from '../../../src/servoing/live/live-camera.js';
import { LiveServo } from '../../../src/servoing/live/live-servo.js';
import { openPolicy } from '../../../src/servoing/open-policy.js';
import { compareVelocity, type Velocity } from '../../../src/vision/geometry/velocity.js';
import type { Image } from '../../../src/vision/image/image.js';
import { viewpointPose } from '../../../scripts/render/camera-path.js';
import { MIXED_STYLE } from '../../../scripts/render/scene-style.js';
import { buildScene } from '../../../scripts/render/scene.js';
import { LensCamera, type PlumbBob } from '../../factories/images/lens-camera.js';
import { engineSetup } from '../../support/servo-engines.js';

const SIZE = { width: 480, height: 360 };
const INTRINSICS = { fx: 403, fy: 403, cx: 240, cy: 180 };
/** A wide-angle lens: the corners lie a tenth of the image farther in than a pinhole camera has them. */
const LENS: PlumbBob = [-0.28, 0.09, 0.0008, -0.0006, -0.01];
const GOAL_DISTANCE = 0.7;
const SCENE = { seed: 7001, texelsPerMetre: 1100, style: MIXED_STYLE };
const models = path.resolve('models');

const CAMERA_INFO = `
image_width: ${String(SIZE.width)}
image_height: ${String(SIZE.height)}
camera_matrix: {rows: 3, cols: 3, data: [403, 0, 240, 0, 403, 180, 0, 0, 1]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [${LENS.join(', ')}]}
`;

/** From far and aslant to near the goal. */
const poseAt = (way: number) =>
  viewpointPose({
    target: [0, -0.03 * way, 0.05],
    distance: GOAL_DISTANCE + 0.3 * way,
    azimuth: 40 + 25 * way,
    elevation: 80 - 14 * way,
    turns: [25 * way, 4 * way, -3 * way],
  });

/** Velocities of a servo by images, goal first. */
async function velocities(images: readonly Image[], camera: ServoCamera): Promise<(Velocity | null)[]> {
  const features = await createFeaturePipeline('SIFT', { modelsDirectory: models });
  try {
    const view = new LiveCamera({ camera, fieldOfView: null, workingSize: SIZE.width }, SIZE).view(SIZE);
    const request = { policy: 'pbvs', detector: 'SIFT', gain: 1, goalDistance: 1, memory: 'frame' } as const;
    const opened = await openPolicy({ ...request, device: 'cpu', strict: false, modelsDirectory: models });
    const [goal, ...frames] = images.map((image) => ({ ...image, data: new Uint8Array(image.data) }));
    const setup = engineSetup({ goalDistance: GOAL_DISTANCE });
    const servo = await LiveServo.start(await features.detect(goal), { setup, opened, view });
    await features.setGoal(servo.goal);
    const answers: (Velocity | null)[] = [];
    for (const frame of frames) {
      const tracked = await features.track(frame, view.lens);
      const step = await servo.step({ tracked, view, captureTimeMicros: BigInt(answers.length) * 40_000n });
      answers.push(step.velocity);
    }
    return answers;
  } finally {
    await features.close();
  }
}

describe('a sequence that is seen through a lens', () => {
  it('gives the velocities of one without a lens, within a degree, by its camera_info; and others without', async () => {
    const scene = buildScene(SCENE);
    const camera = new LensCamera({ ...SIZE, intrinsics: INTRINSICS, lens: LENS, margin: 1.35 });
    const looks = [0, 1, 0.4].map((way) => camera.look(scene, poseAt(way)));
    const bent = looks.map((look) => look.bent);

    const info = parseCameraInfo(CAMERA_INFO);
    const pinhole = { ...info, distortion: null };
    const truth = await velocities(
      looks.map((look) => look.plain),
      pinhole,
    );
    const off = (velocity: Velocity | null, i: number): number => {
      const reference = truth[i];
      if (velocity === null || reference === null) throw new Error(`frame ${String(i)} is lost`);
      return compareVelocity(velocity, reference, GOAL_DISTANCE).angle6Deg ?? NaN;
    };
    const [withInfo, without] = [await velocities(bent, info), await velocities(bent, pinhole)];
    for (const angle of withInfo.map(off)) expect(angle).toBeLessThan(1);
    for (const angle of without.map(off)) expect(angle).toBeGreaterThan(10);
  });
});
