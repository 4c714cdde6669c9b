import {
  centreKeepingPose,
  minimumJerk,
  pathVelocity,
  plateau,
  viewpointPose,
  type CameraPath,
} from '../../../../scripts/render/camera-path.js';
import { SAMPLE_CLIPS } from '../../../../scripts/render/clip-spec.js';
import { integrateVelocity, inverseTransformPoint, type Pose } from '../../../../src/vision/geometry/pose.js';
import { IDENTITY } from '../../../../src/vision/geometry/rotation.js';
import { poseError } from '../../../../src/vision/servoing/reference-law.js';
import type { Vec3 } from '../../../../src/vision/geometry/vector.js';

const CENTRE: Vec3 = [0.1, 0, 0.05];
const from = viewpointPose({ target: CENTRE, distance: 0.9, azimuth: 40, elevation: 50, turns: [20, 4, -3] });
const to = viewpointPose({ target: CENTRE, distance: 0.6, azimuth: 0, elevation: 80, turns: [0, 0, 0] });

const expectClose = (actual: readonly number[], expected: readonly number[], digits = 12): void =>
  actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i], digits));

describe('viewpointPose', () => {
  it('stands at the given distance and elevation and has the target on its optical axis', () => {
    expectClose(inverseTransformPoint(to, CENTRE), [0, 0, 0.6]);
    expect(to.translation[2] - CENTRE[2]).toBeCloseTo(0.6 * Math.sin((80 * Math.PI) / 180), 12);
  });

  it('keeps the target on the axis under a roll and moves it aside under other turns', () => {
    const view = { target: CENTRE, distance: 1, azimuth: 10, elevation: 60 };
    expectClose(inverseTransformPoint(viewpointPose({ ...view, turns: [90, 0, 0] }), CENTRE), [0, 0, 1]);
    // Turning the camera 30 degrees to its right puts the target 30 degrees to the left.
    expectClose(inverseTransformPoint(viewpointPose({ ...view, turns: [0, 30, 0] }), CENTRE), [
      -0.5,
      0,
      Math.sqrt(0.75),
    ]);
  });
});

describe('centreKeepingPose', () => {
  it('goes from the one pose to the other', () => {
    expect(poseError(from, centreKeepingPose([from, to], CENTRE, 0)).metres).toBeLessThan(1e-12);
    expect(poseError(to, centreKeepingPose([from, to], CENTRE, 1)).metres).toBeLessThan(1e-12);
    expect(poseError(to, centreKeepingPose([from, to], CENTRE, 0.5)).degrees).toBeCloseTo(
      poseError(to, from).degrees / 2,
      9,
    );
  });

  it('leads the centre straight through the camera frame', () => {
    const start = inverseTransformPoint(from, CENTRE);
    const end = inverseTransformPoint(to, CENTRE);
    const middle = inverseTransformPoint(centreKeepingPose([from, to], CENTRE, 0.25), CENTRE);
    expectClose(
      middle,
      start.map((value, axis) => 0.75 * value + 0.25 * end[axis]),
    );
  });
});

describe('courses in time', () => {
  it('start and stop without speed', () => {
    expect(minimumJerk(0)).toBe(0);
    expect(minimumJerk(0.5)).toBe(0.5);
    expect(minimumJerk(1)).toBe(1);
    expect(minimumJerk(1.7)).toBe(1);
    expect(minimumJerk(1e-3)).toBeLessThan(1e-8);
  });

  it('hold a plateau between its ramps and are back at zero after it', () => {
    const heights = [0.1, 0.3, 0.5, 0.7, 0.95].map((share) => plateau(share, [0.2, 0.4, 0.6, 0.8]));
    expectClose(heights, [0, 0.5, 1, 0.5, 0]);
  });
});

describe('pathVelocity', () => {
  it('gives a camera on a circle its speed ahead and its turning', () => {
    // Radius 2 m about the world's z axis, always looking along its way, image down = world down: a turn to the left.
    const circle: CameraPath = (seconds) => {
      const angle = 0.5 * seconds;
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      const pose: Pose = { rotation: [c, 0, -s, s, 0, c, 0, -1, 0], translation: [2 * c, 2 * s, 0] };
      return pose;
    };
    expectClose(pathVelocity(circle, 1.3), [0, 0, 1, 0, -0.5, 0], 6);
  });

  it('is zero for a camera at rest', () => {
    const still: CameraPath = () => ({ rotation: IDENTITY, translation: [1, 2, 3] });
    expectClose(pathVelocity(still, 0.4), [0, 0, 0, 0, 0, 0]);
  });

  it('leads from frame to frame along the sample paths', () => {
    for (const { path } of SAMPLE_CLIPS) {
      const seconds = 1 / 500;
      for (const time of [0.4, 1.3, 2.2]) {
        const next = integrateVelocity(path(time), pathVelocity(path, time + seconds / 2), seconds);
        expect(poseError(path(time + seconds), next).metres).toBeLessThan(1e-5);
        expect(poseError(path(time + seconds), next).degrees).toBeLessThan(1e-3);
      }
    }
  });
});
