import path from 'node:path';
import { parseCameraInfo } from '../../../src/protocols/camera-info/camera-info.js';
import { compareVelocity } from '../../../src/vision/geometry/velocity.js';
import {
  CAMERA_INFO,
  GOAL_DISTANCE,
  lensSequence,
  lensSteps,
  type LensServo,
} from '../../../evaluation/cns/camera/lens-sequence.js';

describe('a sequence that is seen through a lens', () => {
  const images = lensSequence([1, 0.4]);
  const [plain, bent] = [images.map((one) => one.plain), images.map((one) => one.bent)];

  it.each([
    ['SIFT', 'pbvs', 10],
    ['ORB', 'cns', 4],
  ] as const)(
    'gives %s and %s the velocities of one without a lens, within a degree, by its camera_info; and others without',
    async (detector, policy, wrong) => {
      const info = parseCameraInfo(CAMERA_INFO);
      const pinhole = { ...info, distortion: null };
      const steps = (seen: typeof plain, camera: LensServo['camera']) =>
        lensSteps(seen, { camera, detector, policy, modelsDirectory: path.resolve('models') });
      const truth = await steps(plain, pinhole);
      const off = ({ velocity }: (typeof truth)[number], i: number): number => {
        const reference = truth[i].velocity;
        if (velocity === null || reference === null) throw new Error(`frame ${String(i)} is lost`);
        return compareVelocity(velocity, reference, GOAL_DISTANCE).angle6Deg ?? NaN;
      };
      const [withInfo, without] = [await steps(bent, info), await steps(bent, pinhole)];
      for (const angle of withInfo.map(off)) expect(angle).toBeLessThan(1);
      for (const angle of without.map(off)) expect(angle).toBeGreaterThan(wrong);
    },
  );
});
