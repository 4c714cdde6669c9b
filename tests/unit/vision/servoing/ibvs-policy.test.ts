import { IbvsPolicy } from '../../../../src/vision/servoing/ibvs-policy.js';
import { NormalEquations } from '../../../../src/vision/geometry/normal-equations.js';
import type { ServoGoal } from '../../../../src/vision/servoing/servo-policy.js';
import { inverseTransformPoint, type Pose } from '../../../../src/vision/geometry/pose.js';
import { fromRotationVector } from '../../../../src/vision/geometry/rotation.js';
import { angleBetween, length, type Vec3 } from '../../../../src/vision/geometry/vector.js';

/** Goal points on a plane at distance 1 in front of the goal camera, which sits at the world's origin. */
const goalPoints: [number, number][] = [
  [-0.4, -0.3],
  [0.35, -0.25],
  [0.3, 0.35],
  [-0.2, 0.3],
  [0.1, -0.1],
  [-0.35, 0.05],
  [0.05, 0.2],
  [0.25, 0.02],
  [-0.1, -0.35],
  [0.4, 0.15],
];
const count = goalPoints.length;
const goal: ServoGoal = {
  points: Float32Array.from(goalPoints.flat()),
  member: new Float32Array(count).fill(1),
  center: Float32Array.of(0, 0),
};
const all = new Uint8Array(count).fill(1);
/** What a camera at `pose` sees of points at depth `depths[i]` of the goal view. */
const seenFrom = (pose: Pose, depths: (i: number) => number = () => 1): Float32Array =>
  Float32Array.from(
    goalPoints.flatMap(([x, y], i) => {
      const [px, py, pz] = inverseTransformPoint(pose, [x * depths(i), y * depths(i), depths(i)]);
      return [px / pz, py / pz];
    }),
  );
const at = (translation: Vec3, turn: Vec3 = [0, 0, 0]): Pose => ({
  translation,
  rotation: fromRotationVector(turn),
});

let policy: IbvsPolicy;
beforeEach(async () => {
  policy = new IbvsPolicy();
  await policy.setGoal(goal);
});
const velocityAt = async (pose: Pose, visible = all): Promise<readonly number[]> =>
  (await policy.step({ current: seenFrom(pose), visible })).velocity ?? [];
const expectClose = (found: readonly number[], expected: readonly number[], digits = 5): void => {
  expect(found).toHaveLength(expected.length);
  found.forEach((value, i) => expect(value).toBeCloseTo(expected[i], digits));
};

describe('IBVS with constant depth', () => {
  it('stands still at the goal', async () => {
    expectClose(await velocityAt(at([0, 0, 0])), [0, 0, 0, 0, 0, 0]);
  });

  it('goes forward by what is missing: a camera 0.2 behind its goal', async () => {
    // x = g / 1.2, so g - x = 0.2 x, which vz = 0.2 explains exactly at the assumed depth 1.
    expectClose(await velocityAt(at([0, 0, -0.2])), [0, 0, 0.2, 0, 0, 0]);
  });

  it('turned about its axis by t it turns back by sin t and, as IBVS does, retreats by 1 - cos t', async () => {
    const t = 0.6;
    // g = R(t) x, so g - x = (cos t - 1) x + sin t (-y, x): vz = cos t - 1, wz = -sin t.
    expectClose(await velocityAt(at([0, 0, 0], [0, 0, t])), [0, 0, Math.cos(t) - 1, 0, 0, -Math.sin(t)]);
  });

  it('moved aside in front of the plane it goes straight back', async () => {
    expectClose(await velocityAt(at([0.1, -0.05, 0])), [-0.1, 0.05, 0, 0, 0, 0]);
  });

  it('scales translation by the goal distance and everything by the gain', async () => {
    policy = new IbvsPolicy({ goalDistance: 0.5, gain: 2 });
    await policy.setGoal(goal);
    expectClose(await velocityAt(at([0, 0, -0.2])), [0, 0, 0.2, 0, 0, 0]);
    const turned = await velocityAt(at([0, 0, 0], [0, 0, 0.6]));
    expect(turned[5]).toBeCloseTo(-2 * Math.sin(0.6), 5);
  });

  it('small motions in a scene with depth are nearly undone by it', async () => {
    const motion = at([0.004, -0.003, 0.005], [0.006, 0.004, -0.008]);
    const current = seenFrom(motion, (i) => 0.97 + 0.006 * i);
    const { velocity } = await policy.step({ current, visible: all });
    const wanted = [-0.004, 0.003, -0.005, -0.006, -0.004, 0.008];
    expect(angleBetween(velocity ?? [], wanted)).toBeLessThan(0.1);
    expect(length(velocity ?? []) / length(wanted)).toBeCloseTo(1, 1);
  });

  it('five percent of wild matches do not lead it astray', async () => {
    const points = Float32Array.from({ length: 120 }, (_, i) => 0.45 * Math.sin(1 + 3.7 * i));
    await policy.setGoal({ points, member: new Float32Array(60).fill(1), center: Float32Array.of(0, 0) });
    const current = points.map((value) => value / 1.2);
    for (const row of [7, 23, 51])
      current.set([-0.8 * current[2 * row + 1], 0.9 * current[2 * row]], 2 * row);
    const { velocity } = await policy.step({ current, visible: new Uint8Array(60).fill(1) });
    // Plain least squares is 2.6 off here.
    expect(length((velocity ?? []).map((value, i) => value - [0, 0, 0.2, 0, 0, 0][i]))).toBeLessThan(0.01);
  });

  it('ignores rows that are not visible', async () => {
    const current = seenFrom(at([0, 0, -0.2]));
    current.set([NaN, 7], 4);
    const visible = all.slice();
    visible[2] = 0;
    expectClose((await policy.step({ current, visible })).velocity ?? [], [0, 0, 0.2, 0, 0, 0]);
  });

  it('says when the points do not fix the motion', async () => {
    const line = {
      ...goal,
      points: Float32Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? i / 50 : 0)),
    };
    await policy.setGoal(line);
    expect(await policy.step({ current: line.points, visible: all })).toMatchObject({
      velocity: null,
      lost: { code: 'DEGENERATE_POINTS' },
    });
    expect(await policy.step({ current: line.points, visible: new Uint8Array(count) })).toMatchObject({
      lost: { code: 'TOO_FEW_POINTS' },
    });
  });
});

describe('normal equations', () => {
  it('solve an overdetermined system by weight', () => {
    const equations = new NormalEquations(1);
    equations.add([1], 1, 1);
    equations.add([1], 4, 2);
    expectClose(equations.solve() ?? [], [3], 12);
  });

  it('are exact where there are as many equations as unknowns', () => {
    const equations = new NormalEquations(2);
    equations.add([2, 1], 5, 1);
    equations.add([1, -3], -8, 1);
    expectClose(equations.solve() ?? [], [1, 3], 10);
  });

  it('have no answer when an unknown is not fixed or a value is no number', () => {
    const open = new NormalEquations(2);
    open.add([1, 1], 1, 1);
    open.add([2, 2], 2, 1);
    expect(open.solve()).toBeNull();
    const broken = new NormalEquations(1);
    broken.add([NaN], 1, 1);
    expect(broken.solve()).toBeNull();
  });
});
