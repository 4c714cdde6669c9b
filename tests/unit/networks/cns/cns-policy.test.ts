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

let velocity: number[];
let memoryBreaks: boolean;
let goalRuns: ReturnType<typeof fakeSession>;
let stepRuns: ReturnType<typeof fakeSession>;

beforeEach(() => {
  velocity = [1, 2, 3, 4, 5, 6];
  memoryBreaks = false;
  goalRuns = fakeSession(() => ({
    g_dst: filled(CLUSTERS, 10),
    g_att: filled(POINTS, 11),
    g_val: filled(POINTS, 12),
  }));
  // The memory counts frames: each step gives back what it got plus one.
  stepRuns = fakeSession((feeds) => ({
    velocity: float32Tensor(Float32Array.from(velocity), [6]),
    hidden_out: filled(CLUSTERS, memoryBreaks ? NaN : Number(feeds.hidden.data[0]) + 1),
  }));
});

async function startPolicy(options: ConstructorParameters<typeof CnsPolicy>[1] = {}): Promise<CnsPolicy> {
  const policy = new CnsPolicy(
    { goal: goalRuns.session, step: stepRuns.session },
    { hiddenWidth: WIDTH, ...options },
  );
  await policy.setGoal(goal);
  return policy;
}
const hiddenSeen = (): number[] => stepRuns.runs.map(({ hidden }) => hidden.data[0]);

describe('the CNS policy', () => {
  it('computes the goal once and feeds it to every step', async () => {
    const policy = await startPolicy();
    for (let i = 0; i < 3; i++) await policy.step({ current, visible: allVisible });
    expect(goalRuns.runs).toHaveLength(1);
    expect(Object.keys(goalRuns.runs[0]).sort()).toEqual(['center', 'member', 'tar']);
    expect(goalRuns.runs[0].member).toEqual({ dims: [CLUSTERS, POINTS], data: Array.from(goal.member) });
    for (const feeds of stepRuns.runs) {
      expect(feeds.tar).toEqual({ dims: [POINTS, 2], data: Array.from(goal.points) });
      expect(feeds.g_dst).toEqual({ dims: [CLUSTERS, WIDTH], data: new Array(CLUSTERS * WIDTH).fill(10) });
      expect(feeds.g_val.data[0]).toBe(12);
    }
  });

  it('keeps what lies in rows that are not visible out of the network', async () => {
    const policy = await startPolicy();
    const dirty = current.slice();
    dirty.set([NaN, Infinity], 2);
    await policy.step({ current: dirty, visible: Uint8Array.of(1, 0, 1, 1, 1) });
    expect(stepRuns.runs[0].vis).toEqual({ dims: [POINTS], data: [1, 0, 1, 1, 1] });
    expect(stepRuns.runs[0].cur.data).toEqual([0.125, 0.125, 0, 0, 0.625, 0.625, 0.125, 0.625, 0.375, 0.375]);
  });

  it('hands the goal distance to the network and multiplies by the gain', async () => {
    const policy = await startPolicy({ goalDistance: 0.5, gain: 2 });
    const step = await policy.step({ current, visible: allVisible });
    expect(stepRuns.runs[0].dist).toEqual({ dims: [1], data: [0.5] });
    expect(step).toEqual({ velocity: [2, 4, 6, 8, 10, 12], lost: null });
  });

  it('assumes a goal distance of one', async () => {
    await (await startPolicy()).step({ current, visible: allVisible });
    expect(stepRuns.runs[0].dist.data).toEqual([1]);
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
    velocity = [1, 2, bad, 4, 5, 6];
    await expect(policy.step({ current, visible: allVisible })).rejects.toMatchObject({
      code: 'NETWORK_NON_FINITE',
      details: { output: 'velocity', index: 2 },
    });
    velocity = [1, 2, 3, 4, 5, 6];
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
    stepRuns = fakeSession(() => ({ velocity: float32Tensor(new Float32Array(3), [3]) }));
    const policy = await startPolicy();
    await expect(policy.step({ current, visible: allVisible })).rejects.toMatchObject({
      code: 'MODEL_MISMATCH',
    });
  });
});
