import { backProject, defaultIntrinsics, project } from '../../../../src/vision/geometry/camera.js';
import {
  compose,
  integrateVelocity,
  inverseTransformPoint,
  invert,
  lookAt,
  relativePose,
  transformPoint,
  velocityBetween,
  type Pose,
} from '../../../../src/vision/geometry/pose.js';
import { fromRotationVector, IDENTITY } from '../../../../src/vision/geometry/rotation.js';
import type { Velocity } from '../../../../src/vision/geometry/velocity.js';

const quarterTurn: Pose = { rotation: fromRotationVector([0, 0, Math.PI / 2]), translation: [1, 2, 3] };
const other: Pose = { rotation: fromRotationVector([0.3, -0.8, 1.1]), translation: [-0.2, 0.5, 0.7] };

const expectClose = (actual: readonly number[], expected: readonly number[], digits = 12): void => {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i], digits));
};

describe('poses', () => {
  it('carry points from the camera to the world and back', () => {
    expectClose(transformPoint(quarterTurn, [1, 0, 0]), [1, 3, 3]);
    expectClose(inverseTransformPoint(quarterTurn, [1, 3, 3]), [1, 0, 0]);
    expectClose(transformPoint(invert(quarterTurn), [1, 3, 3]), [1, 0, 0]);
  });

  it('compose from right to left', () => {
    const point = [0.4, -0.1, 0.9] as const;
    expectClose(
      transformPoint(compose(quarterTurn, other), point),
      transformPoint(quarterTurn, transformPoint(other, point)),
    );
  });

  it('say where one camera is for another', () => {
    const relative = relativePose(quarterTurn, other);
    expectClose(relative.translation, inverseTransformPoint(quarterTurn, other.translation));
    expectClose(compose(quarterTurn, relative).rotation, other.rotation);
  });
});

describe('lookAt', () => {
  it('puts the target on the optical axis, x to the right and y down', () => {
    const pose = lookAt([0, -2, 0], [0, 0, 0], [0, 0, -1]);
    expectClose(inverseTransformPoint(pose, [0, 0, 0]), [0, 0, 2]);
    expectClose(inverseTransformPoint(pose, [1, 0, 0]), [1, 0, 2]);
    expectClose(inverseTransformPoint(pose, [0, 0, -1]), [0, 1, 2]);
  });
});

describe('integrateVelocity', () => {
  it('moves along the camera axes, not the world axes', () => {
    const moved = integrateVelocity(quarterTurn, [0.5, 0, 0, 0, 0, 0], 2);
    expectClose(moved.translation, [1, 3, 3]);
    expectClose(moved.rotation, quarterTurn.rotation);
  });

  it('turns by angle times time and leaves the place', () => {
    const start: Pose = { rotation: IDENTITY, translation: [0, 0, 0] };
    const turned = integrateVelocity(start, [0, 0, 0, 0, 0.2, 0], 3);
    expectClose(turned.rotation, fromRotationVector([0, 0.6, 0]));
    expectClose(turned.translation, [0, 0, 0]);
  });

  it('is undone by the question which velocity leads from one pose to the other', () => {
    const velocity: Velocity = [0.1, -0.2, 0.3, 0.4, -0.5, 0.6];
    expectClose(velocityBetween(other, integrateVelocity(other, velocity, 0.04), 0.04), velocity);
  });
});

describe('the pinhole camera', () => {
  const intrinsics = { fx: 500, fy: 400, cx: 320, cy: 240 };

  it('projects by the closed form and back', () => {
    expect(project(intrinsics, [0.2, -0.1, 2])).toEqual([370, 220]);
    expectClose(backProject(intrinsics, [370, 220], 2), [0.2, -0.1, 2]);
  });

  it('sees nothing behind itself', () => {
    expect(project(intrinsics, [0.2, 0.1, 0])).toBeNull();
    expect(project(intrinsics, [0.2, 0.1, -1])).toBeNull();
  });

  it('is assumed as 0.84 of the longer side with the centre in the middle', () => {
    const assumed = defaultIntrinsics(640, 480);
    expectClose([assumed.fx, assumed.fy, assumed.cx, assumed.cy], [537.6, 537.6, 320, 240]);
    const upright = defaultIntrinsics(480, 640);
    expectClose([upright.fx, upright.fy, upright.cx, upright.cy], [537.6, 537.6, 240, 320]);
  });
});
