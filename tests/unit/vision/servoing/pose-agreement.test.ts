import { viewpointPose } from '../../../../scripts/render/camera-path.js';
import { inverseTransformPoint, type Pose } from '../../../../src/vision/geometry/pose.js';
import { createSeededRandom } from '../../../../src/vision/geometry/two-view/seeded-random.js';
import { add, length, scale, type Vec3 } from '../../../../src/vision/geometry/vector.js';
import { inGoalDistances, ZERO_VELOCITY, type Velocity } from '../../../../src/vision/geometry/velocity.js';
import { poseAgreement, sceneCentre } from '../../../../src/vision/servoing/pose-agreement.js';
import { referenceVelocity } from '../../../../src/vision/servoing/reference-law.js';
import { pointScene, seenFrom } from './servo-scenes.js';

const view = (distance: number, azimuth: number, elevation: number, roll: number): Pose =>
  viewpointPose({ target: [0, 0, 0.05], distance, azimuth, elevation, turns: [roll, -3, 2] });
const GOAL = view(0.7, 205, 78, 4);
const scene = pointScene(GOAL, { count: 120, height: 0.12 });
const goal = seenFrom(scene, GOAL);
const centre = sceneCentre(goal);
const middle = scale(
  scene.points.reduce<Vec3>((sum, point) => add(sum, point), [0, 0, 0]),
  1 / scene.points.length,
);
const distance = length(inverseTransformPoint(GOAL, middle));
const lawFrom = (pose: Pose): Velocity => inGoalDistances(referenceVelocity(GOAL, pose, middle), distance);

describe('agreement of a velocity with points', () => {
  const FAR = view(0.9, 255, 50, 40);
  const current = seenFrom(scene, FAR);
  const agreement = (velocity: Velocity, points = current): number =>
    poseAgreement(velocity, centre, { goal, current: points });

  it.each([
    ['aside', FAR],
    ['straight behind the goal', view(1.3, 205, 78, 4)],
    ['nearer', view(0.4, 205, 78, 4)],
    ['a quarter of a turn around the axis', view(0.7, 205, 78, 94)],
  ])('is nearly one for the law of the true pose: %s', (_, pose) => {
    expect(agreement(lawFrom(pose), seenFrom(scene, pose))).toBeGreaterThan(0.9);
  });

  it('is small for the way to another pose', () => {
    const [vx, vy, vz, wx, wy, wz] = lawFrom(FAR);
    expect(agreement(ZERO_VELOCITY)).toBeLessThan(0.1);
    expect(agreement([vx, vy, vz, wx, wy, -wz])).toBeLessThan(0.3);
    expect(agreement([vx, vy, vz, wx + 0.3, wy, wz])).toBeLessThan(0.3);
  });

  it('is the share of right matches, because others are hardly ever on their lines', () => {
    const random = createSeededRandom(5);
    const half = current.map((value, i) => (i % 4 < 2 ? random() - 0.5 : value));
    expect(agreement(lawFrom(FAR), half)).toBeGreaterThan(0.45);
    expect(agreement(lawFrom(FAR), half)).toBeLessThan(0.62);
  });

  it('is zero without points, and where they would be behind the camera', () => {
    const none = new Float32Array(0);
    expect(poseAgreement(lawFrom(FAR), centre, { goal: none, current: none })).toBe(0);
    // Three radians about x: the camera looks away from the scene.
    const away: Velocity = [0, 0, -1, 3, 0, 0];
    expect(agreement(away)).toBeLessThan(0.05);
  });
});
