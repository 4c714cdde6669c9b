import {
  integrateVelocity,
  inverseTransformPoint,
  lookAt,
  type Pose,
} from '../../../../src/vision/geometry/pose.js';
import { fromRotationVector, multiply } from '../../../../src/vision/geometry/rotation.js';
import { poseError, referenceVelocity } from '../../../../src/vision/servoing/reference-law.js';
import type { Vec3 } from '../../../../src/vision/geometry/vector.js';

const CENTRE: Vec3 = [0.1, -0.05, 0.02];
const goal = lookAt([0.1, -0.3, 0.65], CENTRE, [0, 0, -1]);

/** The goal pose, then moved and turned in its own frame. */
const displaced = (translation: Vec3, turn: Vec3): Pose => {
  const moved = integrateVelocity(goal, [...translation, 0, 0, 0], 1);
  return { rotation: multiply(moved.rotation, fromRotationVector(turn)), translation: moved.translation };
};

const expectClose = (actual: readonly number[], expected: readonly number[], digits: number): void =>
  actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i], digits));

describe('referenceVelocity', () => {
  it('stands still at the goal', () => {
    expectClose(referenceVelocity(goal, goal, CENTRE), [0, 0, 0, 0, 0, 0], 15);
  });

  it('goes straight back when only the place differs', () => {
    expectClose(
      referenceVelocity(goal, displaced([0.1, -0.02, -0.3], [0, 0, 0]), CENTRE),
      [-0.1, 0.02, 0.3, 0, 0, 0],
      12,
    );
  });

  it('turns back without leaving the place when the camera turned about the line to the centre', () => {
    // The camera looks at the centre, so a roll leaves the centre where it is in the image: no translation is needed.
    expectClose(
      referenceVelocity(goal, displaced([0, 0, 0], [0, 0, 0.7]), CENTRE),
      [0, 0, 0, 0, 0, -0.7],
      12,
    );
  });

  it('brings any pose to the goal: the turn shrinks as exp(-t), the centre goes straight in the camera', () => {
    const start = displaced([0.2, 0.15, -0.25], [0.3, -0.4, 1.9]);
    const before = inverseTransformPoint(start, CENTRE);
    const target = inverseTransformPoint(goal, CENTRE);
    const steps = 4000;
    const seconds = 2;
    let pose = start;
    for (let i = 0; i < steps; i++)
      pose = integrateVelocity(pose, referenceVelocity(goal, pose, CENTRE), seconds / steps);
    const left = Math.exp(-seconds);
    expect(poseError(goal, pose).degrees).toBeCloseTo(poseError(goal, start).degrees * left, 1);
    const now = inverseTransformPoint(pose, CENTRE);
    expectClose(
      now,
      target.map((value, axis) => value + (before[axis] - value) * left),
      3,
    );
  });

  it('ends at the goal after long enough', () => {
    let pose = displaced([0.2, 0.15, -0.25], [0.3, -0.4, 1.9]);
    for (let i = 0; i < 1000; i++)
      pose = integrateVelocity(pose, referenceVelocity(goal, pose, CENTRE), 0.02);
    expect(poseError(goal, pose).metres).toBeLessThan(1e-7);
    expect(poseError(goal, pose).degrees).toBeLessThan(1e-5);
  });
});

describe('poseError', () => {
  it('is the distance of the camera centres and the angle between the cameras', () => {
    const { metres, degrees } = poseError(goal, displaced([0.03, 0, 0.04], [0, Math.PI / 6, 0]));
    expect(metres).toBeCloseTo(0.05, 12);
    expect(degrees).toBeCloseTo(30, 10);
  });
});
