import { viewpointPose } from '../../../../../scripts/render/camera-path.js';
import { inverseTransformPoint, type Pose } from '../../../../../src/vision/geometry/pose.js';
import { createSeededRandom } from '../../../../../src/vision/geometry/two-view/seeded-random.js';
import { add, length, scale, type Vec3 } from '../../../../../src/vision/geometry/vector.js';
import {
  compareVelocity,
  inGoalDistances,
  ZERO_VELOCITY,
  type Velocity,
} from '../../../../../src/vision/geometry/velocity.js';
import { PointFit } from '../../../../../src/vision/servoing/point-fit/point-fit.js';
import { referenceVelocity } from '../../../../../src/vision/servoing/reference-law.js';
import { pointScene, seenFrom } from '../servo-scenes.js';

const view = (distance: number, azimuth: number, elevation: number): Pose =>
  viewpointPose({ target: [0, 0, 0.05], distance, azimuth, elevation, turns: [4, -3, 2] });
const GOAL = view(0.7, 205, 78);
const START = view(0.9, 235, 65);
const scene = pointScene(GOAL, { count: 120, height: 0.12 });
const rows = scene.points.map((_, row) => row);
const middle = scale(
  scene.points.reduce<Vec3>((sum, point) => add(sum, point), [0, 0, 0]),
  1 / scene.points.length,
);
const goalPoints = seenFrom(scene, GOAL);
const current = seenFrom(scene, START);
const distance = length(inverseTransformPoint(GOAL, middle));
const law = inGoalDistances(referenceVelocity(GOAL, START, middle), distance);

/** As far off as a network that has seen the first frame. */
const guess: Velocity = [law[0] + 0.2, law[1] - 0.1, 1.2 * law[2], law[3] - 0.1, law[4], 1.15 * law[5]];

const degreesOff = (velocity: Velocity): number => compareVelocity(velocity, law, 1).angle6Deg ?? NaN;

describe('a velocity fitted to points', () => {
  const fit = new PointFit(goalPoints);

  it('becomes the reference law of the pose that the points show', () => {
    expect(degreesOff(guess)).toBeGreaterThan(10);
    const fitted = fit.fit(guess, { current, rows, verified: true });
    expect(degreesOff(fitted)).toBeLessThan(0.5);
    expect(length(fitted) / length(law)).toBeCloseTo(1, 2);
  });

  it('does so in spite of matches that are wrong, a fifth of all', () => {
    const random = createSeededRandom(5);
    const disturbed = current.map((value, i) => (i % 10 < 2 ? random() - 0.5 : value));
    expect(degreesOff(fit.fit(guess, { current: disturbed, rows, verified: true }))).toBeLessThan(3);
  });

  it('reads the visible rows alone', () => {
    const some = rows.filter((row) => row % 3 !== 0);
    const dirty = current.map((value, i) => ((i >> 1) % 3 === 0 ? NaN : value));
    expect(degreesOff(fit.fit(guess, { current: dirty, rows: some, verified: true }))).toBeLessThan(1.5);
  });

  it.each([
    { distance: 0.9, azimuth: 290, elevation: 35, called: 'from far aside' },
    { distance: 0.6, azimuth: 115, elevation: 30, called: 'from the other side' },
    { distance: 1.3, azimuth: 30, elevation: 50, called: 'from behind and farther away' },
  ])('finds the pose of a view $called of which the first guess shows nothing', (place) => {
    const aside = view(place.distance, place.azimuth, place.elevation);
    const right = inGoalDistances(referenceVelocity(GOAL, aside, middle), distance);
    const straightOn: Velocity = [0, 0, 0.1, 0.2, -0.2, 0];
    const random = createSeededRandom(6);
    const seen = seenFrom(scene, aside).map((value) => value + (random() - 0.5) / 540);
    const off = (velocity: Velocity): number => compareVelocity(velocity, right, 1).angle6Deg ?? NaN;
    expect(off(straightOn)).toBeGreaterThan(45);
    expect(off(fit.fit(straightOn, { current: seen, rows, verified: true }))).toBeLessThan(3);
    // Points that nothing verified may be wrong: the network's answer is the only start.
    expect(off(fit.fit(straightOn, { current: seen, rows, verified: false }))).toBeGreaterThan(45);
  });

  it('stays as it was where the points agree with no pose', () => {
    const random = createSeededRandom(3);
    const noise = current.map(() => random() - 0.5);
    const fitted = fit.fit(guess, { current: noise, rows, verified: true });
    fitted.forEach((value, k) => expect(value).toBeCloseTo(guess[k], 2));
  });

  it('stays near zero at the goal, where points that jitter show nothing', () => {
    const random = createSeededRandom(4);
    const jitter = goalPoints.map((value) => value + (random() - 0.5) / 540);
    expect(length(fit.fit(ZERO_VELOCITY, { current: jitter, rows, verified: true }))).toBeLessThan(0.004);
  });

  it('is finite when all points lie in one place', () => {
    const fitted = fit.fit(guess, { current: new Float32Array(current.length), rows, verified: true });
    expect(fitted.every(Number.isFinite)).toBe(true);
  });
});
