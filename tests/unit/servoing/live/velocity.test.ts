import { handEyeFault } from '../../../../src/domain/hand-eye.js';
import type { ServoVelocity } from '../../../../src/domain/servo.js';
import { gainAt, taskErrorNorm } from '../../../../src/servoing/live/adaptive-gain.js';
import { toolVelocity } from '../../../../src/servoing/live/tool-velocity.js';
import { saturate } from '../../../../src/servoing/live/velocity-limits.js';
import { compose, integrateVelocity, invert, type Pose } from '../../../../src/vision/geometry/pose.js';
import { fromRotationVector, toRotationVector } from '../../../../src/vision/geometry/rotation.js';
import type { Vec3 } from '../../../../src/vision/geometry/vector.js';
import { createSeededRandom } from '../../../../src/vision/geometry/two-view/seeded-random.js';

const random = createSeededRandom(5);
const spread = (size: number): number => (2 * random() - 1) * size;
const vector = (size: number): Vec3 => [spread(size), spread(size), spread(size)];
const pose = (): Pose => ({ rotation: fromRotationVector(vector(2)), translation: vector(1) });
const velocity = (): ServoVelocity => [...vector(1), ...vector(2)];

const matrixOf = ({ rotation: r, translation: t }: Pose): number[] => [
  ...[r[0], r[1], r[2], t[0]],
  ...[r[3], r[4], r[5], t[1]],
  ...[r[6], r[7], r[8], t[2]],
  ...[0, 0, 0, 1],
];

/**
 * The tool's velocity by moving: the camera moves for a moment to either side of a pose, the tool goes with it, and what
 * it has moved in its own frame is divided by the time.
 */
function movedTool(handEye: Pose, camera: ServoVelocity): ServoVelocity {
  const SECONDS = 1e-5;
  const world = pose();
  const toolAt = (seconds: number): Pose =>
    compose(integrateVelocity(world, camera, seconds), invert(handEye));
  const now = compose(world, invert(handEye));
  const move = (seconds: number): Pose => compose(invert(now), toolAt(seconds));
  const [after, before] = [move(SECONDS), move(-SECONDS)];
  const central = (a: number, b: number): number => (a - b) / (2 * SECONDS);
  const [turned, back] = [toRotationVector(after.rotation), toRotationVector(before.rotation)];
  return [
    central(after.translation[0], before.translation[0]),
    central(after.translation[1], before.translation[1]),
    central(after.translation[2], before.translation[2]),
    central(turned[0], back[0]),
    central(turned[1], back[1]),
    central(turned[2], back[2]),
  ];
}

describe('the velocity of the tool', () => {
  it('is that of a tool that is carried along, to a millionth', () => {
    for (let n = 0; n < 50; n++) {
      const [handEye, camera] = [pose(), velocity()];
      const tool = toolVelocity(matrixOf(handEye), camera);
      const moved = movedTool(handEye, camera);
      tool.forEach((value, i) => expect(Math.abs(value - moved[i])).toBeLessThan(1e-6));
    }
  });

  it('swings a long way where the camera turns at the end of an arm', () => {
    // A camera half a metre ahead of the tool, looking the same way, turns about its own y axis (down).
    const ahead = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0.5, 0, 0, 0, 1];
    expect(toolVelocity(ahead, [0, 0, 0, 0, 1, 0])).toEqual([-0.5, 0, 0, 0, 1, 0]);
  });
});

describe('a pose of the camera in the tool', () => {
  const good = matrixOf(pose());
  it.each([
    ['of 15 numbers', good.slice(1), /4x4/],
    ['with a number that is none', good.with(3, NaN), /finite/],
    ['with another last row', good.with(12, 0.1), /last row/],
    ['that stretches', good.map((value, i) => (i < 3 ? 1.1 * value : value)), /orthonormal/],
    ['that mirrors', good.map((value, i) => (i < 3 ? -value : value)), /reflection/],
    ['in millimetres', good.with(3, 250), /metres/],
  ])('%s is refused', (_, matrix, reason) => {
    expect(handEyeFault(matrix)).toMatch(reason);
  });

  it('may be written with four digits', () => {
    expect(handEyeFault(good)).toBeNull();
    expect(handEyeFault(good.map((value) => Number(value.toFixed(4))))).toBeNull();
  });
});

describe('the adaptive gain', () => {
  it('is the formula of ViSP: zero at the goal, infinity far away, minus slope as its derivative at the goal', () => {
    for (const gain of [
      { zero: 4, infinity: 0.4, slope: 30 },
      { zero: 1.666, infinity: 0.1666, slope: 1.666 },
      { zero: 2, infinity: 4, slope: -20 },
    ]) {
      expect(gainAt(gain, 0)).toBeCloseTo(gain.zero, 12);
      expect(gainAt(gain, 1000)).toBeCloseTo(gain.infinity, 12);
      expect((gainAt(gain, 1e-7) - gainAt(gain, 0)) / 1e-7).toBeCloseTo(-gain.slope, 2);
    }
    // 3.6 exp(-30 / 3.6 * 0.2) + 0.4, by hand.
    expect(gainAt({ zero: 4, infinity: 0.4, slope: 30 }, 0.2)).toBeCloseTo(1.07995, 4);
  });

  it('is constant where it is one number, or the same near and far', () => {
    expect(gainAt(1.5, 77)).toBe(1.5);
    expect(gainAt({ zero: 2, infinity: 2, slope: 9 }, 0.1)).toBe(2);
  });

  it('takes the largest of the six numbers of the error', () => {
    expect(taskErrorNorm([0.1, -0.7, 0.2, 0.3, 0.6, -0.5])).toBe(0.7);
    expect(taskErrorNorm([0, 0, 0, 0, 0, 0])).toBe(0);
  });
});

describe('limits', () => {
  const fast: ServoVelocity = [0.3, 0.4, 0, 0, 0, 2];

  it('shorten all six numbers alike, by the limit that is exceeded most', () => {
    const byLinear = saturate(fast, { linear: 0.25, angular: 2 });
    expect(byLinear).toEqual([0.15, 0.2, 0, 0, 0, 1]);
    expect(saturate(fast, { linear: 0.25, angular: 0.5 })).toEqual([0.075, 0.1, 0, 0, 0, 0.5]);
  });

  it('change nothing that keeps them, or where there are none', () => {
    expect(saturate(fast, { linear: 0.5, angular: 2 })).toEqual(fast);
    expect(saturate(fast, { linear: null, angular: null })).toEqual(fast);
    expect(saturate([0, 0, 0, 0, 0, 0], { linear: 0.1, angular: 0.1 })).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
