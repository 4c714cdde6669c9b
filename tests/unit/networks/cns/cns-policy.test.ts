import { CnsPolicy } from '../../../../src/networks/cns/cns-policy.js';
import type { ServoGoal } from '../../../../src/vision/servoing/servo-policy.js';
import {
  float32Tensor,
  type Tensor,
  type TensorSession,
} from '../../../../src/networks/runtime/tensor-session.js';

const POINTS = 5;
const CLUSTERS = 2;
const WIDTH = 3;

/** A session that remembers its feeds and answers by a function of them. */
function fakeSession(answer: (feeds: Readonly<Record<string, Tensor>>) => Record<string, Tensor>) {
  const runs: Record<string, { dims: readonly number[]; data: number[] }>[] = [];
  const session: TensorSession = {
    device: 'cpu',
    inputs: [],
    outputs: [],
    run: (feeds) => {
      const copy = Object.entries(feeds).map(([name, { dims, data }]) => [
        name,
        { dims, data: Array.from(data, Number) },
      ]);
      runs.push(Object.fromEntries(copy));
      return Promise.resolve(answer(feeds));
    },
    close: () => Promise.resolve(),
  };
  return { session, runs };
}

const goal: ServoGoal = {
  points: Float32Array.of(0, 0, 0.5, 0, 0.5, 0.5, 0, 0.5, 0.25, 0.25),
  member: Float32Array.of(1, 1, 0, 0, 0, 0, 0, 1, 1, 1),
  center: Float32Array.of(0, 0, 0.5, 0.5),
};
const current = goal.points.map((value) => value + 0.125);
const allVisible = new Uint8Array(POINTS).fill(1);
const filled = (rows: number, value: number): Tensor =>
  float32Tensor(new Float32Array(rows * WIDTH).fill(value), [rows, WIDTH]);
/** Row by row a number higher. */
const numbered = (first: number): Tensor =>
  float32Tensor(
    Float32Array.from({ length: POINTS * WIDTH }, (_, k) => first + Math.floor(k / WIDTH)),
    [POINTS, WIDTH],
  );

/** About what the points of a frame say: each has moved by an eighth of the goal distance. */
const TWIST = [0.12, 0.12, 0, 0, 0, 0];

let twist: number[];
let memoryBreaks: boolean;
let goalRuns: ReturnType<typeof fakeSession>;
let twistRuns: ReturnType<typeof fakeSession>;

beforeEach(() => {
  twist = TWIST;
  memoryBreaks = false;
  goalRuns = fakeSession(() => ({
    g_dst: filled(CLUSTERS, 10),
    g_att: numbered(11),
    g_val: numbered(21),
  }));
  // The memory counts frames: each frame gives back what it got plus one.
  twistRuns = fakeSession((feeds) => ({
    twist: float32Tensor(Float32Array.from(twist), [6]),
    hidden_out: filled(CLUSTERS, memoryBreaks ? NaN : Number(feeds.hidden.data[0]) + 1),
  }));
});

async function startPolicy(options: ConstructorParameters<typeof CnsPolicy>[1] = {}): Promise<CnsPolicy> {
  const policy = new CnsPolicy(
    { goal: goalRuns.session, frame: twistRuns.session, frameGraph: 'twist' },
    { hiddenWidth: WIDTH, ...options },
  );
  await policy.setGoal(goal);
  return policy;
}
const hiddenSeen = (): number[] => twistRuns.runs.map(({ hidden }) => hidden.data[0]);

describe('the CNS policy', () => {
  it('computes the goal once and feeds it to every frame', async () => {
    const policy = await startPolicy();
    for (let i = 0; i < 3; i++) await policy.step({ current, visible: allVisible });
    expect(goalRuns.runs).toHaveLength(1);
    expect(Object.keys(goalRuns.runs[0]).sort()).toEqual(['center', 'member', 'tar']);
    expect(goalRuns.runs[0].member).toEqual({ dims: [CLUSTERS, POINTS], data: Array.from(goal.member) });
    for (const feeds of twistRuns.runs) {
      expect(feeds.tar).toEqual({ dims: [POINTS, 2], data: Array.from(goal.points) });
      expect(feeds.g_dst).toEqual({ dims: [CLUSTERS, WIDTH], data: new Array(CLUSTERS * WIDTH).fill(10) });
      expect(feeds.g_val.data[WIDTH]).toBe(22);
    }
  });

  it('feeds the visible points alone, each with its features and its cluster', async () => {
    const policy = await startPolicy();
    const dirty = current.slice();
    dirty.set([NaN, Infinity], 2);
    const { velocity } = await policy.step({ current: dirty, visible: Uint8Array.of(1, 0, 1, 1, 1) });
    const [feeds] = twistRuns.runs;
    expect(feeds.cur).toEqual({
      dims: [4, 2],
      data: [0.125, 0.125, 0.625, 0.625, 0.125, 0.625, 0.375, 0.375],
    });
    expect(feeds.vis).toEqual({ dims: [4], data: [1, 1, 1, 1] });
    expect(feeds.tar.data).toEqual([0, 0, 0.5, 0.5, 0, 0.5, 0.25, 0.25]);
    expect(feeds.member).toEqual({ dims: [CLUSTERS, 4], data: [1, 0, 0, 0, 0, 1, 1, 1] });
    expect(feeds.g_att.data.filter((_, k) => k % WIDTH === 0)).toEqual([11, 13, 14, 15]);
    expect(feeds.g_val.data.filter((_, k) => k % WIDTH === 0)).toEqual([21, 23, 24, 25]);
    expect(velocity?.every(Number.isFinite)).toBe(true);
  });

  it('has the whole goal again after a frame of few points', async () => {
    const policy = await startPolicy();
    const whole = await policy.step({ current, visible: allVisible }, { memory: 'frame' });
    await policy.step({ current, visible: Uint8Array.of(0, 0, 1, 1, 1) });
    expect(await policy.step({ current, visible: allVisible }, { memory: 'frame' })).toEqual(whole);
    expect(twistRuns.runs[2]).toEqual(twistRuns.runs[0]);
  });

  it('multiplies by the gain, and the translation by the goal distance, which is one unless given', async () => {
    const frame = { current, visible: allVisible };
    const plain = await (await startPolicy()).step(frame);
    const scaled = await (await startPolicy({ goalDistance: 0.25, gain: 2 })).step(frame);
    const same = await (await startPolicy({ goalDistance: 1, gain: 1 })).step(frame);
    expect(same).toEqual(plain);
    const [vx, vy, vz, wx, wy, wz] = plain.velocity ?? [NaN, NaN, NaN, NaN, NaN, NaN];
    expect(scaled.velocity).toEqual([vx / 2, vy / 2, vz / 2, 2 * wx, 2 * wy, 2 * wz]);
  });
});

describe('its memory', () => {
  it('starts at zero, is carried on, and starts again with a new goal', async () => {
    const policy = await startPolicy();
    await policy.step({ current, visible: allVisible });
    await policy.step({ current, visible: allVisible });
    await policy.setGoal(goal);
    await policy.step({ current, visible: allVisible });
    expect(hiddenSeen()).toEqual([0, 1, 0]);
  });

  it('is left alone by a lost frame, which never reaches the network', async () => {
    const policy = await startPolicy();
    await policy.step({ current, visible: allVisible });
    const lost = await policy.step({ current, visible: Uint8Array.of(1, 0, 0, 1, 0) });
    await policy.step({ current, visible: allVisible });
    expect(lost).toEqual({
      velocity: null,
      lost: { code: 'TOO_FEW_POINTS', message: '2 correspondences, at least 3 are needed.' },
    });
    expect(hiddenSeen()).toEqual([0, 1]);
  });

  it('is neither used nor changed by frames without memory', async () => {
    const policy = await startPolicy();
    await policy.step({ current, visible: allVisible });
    await policy.step({ current, visible: allVisible });
    await policy.step({ current, visible: allVisible }, { memory: 'frame' });
    await policy.step({ current, visible: allVisible });
    expect(hiddenSeen()).toEqual([0, 1, 0, 2]);
  });

  it('can be switched off for the whole servo', async () => {
    const policy = await startPolicy({ memory: 'frame' });
    await policy.step({ current, visible: allVisible });
    await policy.step({ current, visible: allVisible });
    expect(hiddenSeen()).toEqual([0, 0]);
  });
});

describe('what it refuses', () => {
  it.each([NaN, Infinity, -Infinity])('a velocity with %p, and the memory stays', async (bad) => {
    const policy = await startPolicy();
    twist = [0.1, 0.2, bad, 0, 0, 0];
    await expect(policy.step({ current, visible: allVisible })).rejects.toMatchObject({
      code: 'NETWORK_NON_FINITE',
      details: { output: 'twist', index: 2 },
    });
    twist = TWIST;
    await policy.step({ current, visible: allVisible });
    expect(hiddenSeen()).toEqual([0, 0]);
  });

  it('a memory that is not finite', async () => {
    const policy = await startPolicy();
    memoryBreaks = true;
    await expect(policy.step({ current, visible: allVisible })).rejects.toMatchObject({
      code: 'NETWORK_NON_FINITE',
    });
  });

  it('a goal of three points', async () => {
    const policy = await startPolicy();
    const small = {
      points: goal.points.slice(0, 6),
      member: Float32Array.of(1, 1, 1),
      center: Float32Array.of(0, 0),
    };
    await expect(policy.setGoal(small)).rejects.toMatchObject({
      code: 'GOAL_TOO_FEW_POINTS',
      kind: 'invalid',
    });
    await expect(policy.step({ current, visible: allVisible })).rejects.toMatchObject({
      code: 'GOAL_MISSING',
    });
  });

  it('memberships of another size than points and clusters', async () => {
    const policy = await startPolicy();
    await expect(policy.setGoal({ ...goal, member: new Float32Array(9) })).rejects.toMatchObject({
      code: 'GOAL_INVALID',
    });
  });

  it('a frame of another size than the goal', async () => {
    const policy = await startPolicy();
    const refusal = policy.step({ current: current.slice(0, 8), visible: new Uint8Array(4).fill(1) });
    await expect(refusal).rejects.toMatchObject({ code: 'OBSERVATION_INVALID' });
  });

  it('a network with outputs of other shapes', async () => {
    twistRuns = fakeSession(() => ({ twist: float32Tensor(new Float32Array(3), [3]) }));
    const policy = await startPolicy();
    await expect(policy.step({ current, visible: allVisible })).rejects.toMatchObject({
      code: 'MODEL_MISMATCH',
    });
  });
});
