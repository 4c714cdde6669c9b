import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { ServoFrame, ServoSetup } from '../../../src/domain/servo.js';
import { ServoEnginePool } from '../../../src/engines/servo-engine/servo-engine-pool.js';
import { encodeImage, resizeImage } from '../../../src/media/image-codec.js';
import type { Image } from '../../../src/vision/image/image.js';
import { messageBomb } from '../../factories/bombs.js';
import { renderTestClip } from '../../factories/videos/render-clip.js';
import { untilGone, untilGoneWithParent } from '../../support/killed-parent.js';
import { ENGINE_OPTIONS, engineSetup } from '../../support/servo-engines.js';
import { flat, rectangles } from '../../unit/vision/features/test-images.js';

const SIZE = { width: 320, height: 240 };
const GOAL = rectangles(SIZE.width, SIZE.height);
/** As the camera sees the scene after it has moved to the left: everything lies 12 pixels to the right. */
const MOVED = rectangles(SIZE.width, SIZE.height, [12, 0]);
const never = new AbortController().signal;
const now = { waitMs: 0, signal: never };
const LONG_MS = 600_000;

const colours = ({ width, height, data }: Image): Image => ({
  width,
  height,
  data: Uint8Array.from({ length: 3 * data.length }, (_, i) => data[Math.floor(i / 3)]),
});

/** Brightness in the range of a camera, grey colours between. */
const yuy2 = ({ data }: Image): Uint8Array =>
  Uint8Array.from({ length: 2 * data.length }, (_, i) =>
    i % 2 === 1 ? 128 : Math.round(16 + (data[i / 2] * 219) / 255),
  );

let sequence = 0;
const frame = (given: Partial<ServoFrame> & Pick<ServoFrame, 'bytes'>): ServoFrame => ({
  format: 'png',
  sequence: ++sequence,
  captureTimeMicros: BigInt(sequence) * 40_000n,
  size: null,
  toolFrame: false,
  ...given,
});
const png = async (image: Image) => frame({ bytes: await encodeImage(image) });
const grey = ({ width, height, data }: Image): ServoFrame =>
  frame({ format: 'gray8', size: { width, height }, bytes: data });

const pools: ServoEnginePool[] = [];
const poolOf = (options: Partial<typeof ENGINE_OPTIONS> = {}): ServoEnginePool => {
  const pool = new ServoEnginePool({ ...ENGINE_OPTIONS, ...options });
  pools.push(pool);
  return pool;
};
const open = async (pool: ServoEnginePool, setup: Partial<ServoSetup> = {}, image: Image = GOAL) =>
  pool.open(engineSetup(setup), { kind: 'image', bytes: await encodeImage(image) }, now);

/** Waits until so many engines run. */
async function untilRunning(pool: ServoEnginePool, count: number): Promise<readonly number[]> {
  while (pool.pids.length !== count) await setImmediate();
  return pool.pids;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'infernode-servo-engines-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

describe('a session in its engine', () => {
  it('says of every format of a frame the same, and goes on after frames that are none', async () => {
    const session = await open(poolOf());
    expect(session.goal).toMatchObject({ ...SIZE, network: { id: 'cns' } });
    expect(session.goal.keypoints).toBeGreaterThan(100);
    expect(session.goal.clusters).toBeGreaterThanOrEqual(4);

    const right = await session.step(grey(MOVED));
    expect(right).toMatchObject({ status: 'tracking', reason: null });
    // The scene lies too far right, so the camera has to go right, or to turn there.
    const [vx, , , , wy] = right.velocity ?? [0, 0, 0, 0, 0, 0];
    expect(vx + wy).toBeGreaterThan(0.01);
    expect(right.inliers).toBeGreaterThan(50);
    expect(right.featureError).toBeCloseTo(12 / (0.84 * SIZE.width), 2);

    for (const [broken, problem] of [
      [frame({ bytes: (await encodeImage(MOVED)).subarray(0, 3000) }), 'PICTURE_CORRUPT'],
      [frame({ bytes: Buffer.from('no image at all') }), 'PICTURE_TYPE'],
      [frame({ format: 'jpeg', bytes: new Uint8Array(0) }), 'FRAME_MALFORMED'],
      [frame({ format: 'gray8', size: SIZE, bytes: new Uint8Array(9) }), 'FRAME_MALFORMED'],
      [grey(rectangles(240, 320)), 'FRAME_SIZE_MISMATCH'],
    ] as const)
      await expect(session.step(broken)).rejects.toMatchObject({ code: problem });

    const { data } = colours(MOVED);
    for (const same of [
      frame({ format: 'rgb24', size: SIZE, bytes: data }),
      await png(MOVED),
      frame({ format: 'yuy2', size: SIZE, bytes: yuy2(MOVED) }),
    ]) {
      const { featureError, inliers } = await session.step(same);
      expect(featureError).toBeCloseTo(right.featureError ?? 0, 3);
      expect(inliers).toBeGreaterThan(0.9 * right.inliers);
    }
    await expect(session.step(grey(flat(320, 240, 90)))).resolves.toMatchObject({
      status: 'lost',
      velocity: null,
      reason: 'NO_KEYPOINTS',
      confidence: 0,
    });
  });

  it('takes frames of another size with the same aspect, and names both sizes of those with another', async () => {
    const session = await open(poolOf());
    const same = await session.step(grey(MOVED));
    const twice = await session.step(await png(await resizeImage(MOVED, { width: 640, height: 480 })));
    expect(twice.inliers).toBeGreaterThan(30);
    // The same distances on the plane in front of the camera, by intrinsics of twice the size.
    expect(twice.featureError).toBeCloseTo(same.featureError ?? 0, 2);
    await expect(session.step(grey(flat(320, 180, 0)))).rejects.toThrow(/320x180.*320x240/);
  });

  it('is told what is wrong with its goal, and the engine serves the next one', async () => {
    const pool = poolOf();
    await expect(open(pool, {}, flat(320, 240, 7))).rejects.toMatchObject({ code: 'GOAL_TOO_FEW_POINTS' });
    const [pid] = pool.pids;
    await expect(open(pool, { detector: 'none' })).rejects.toMatchObject({ code: 'DETECTOR_NOT_AVAILABLE' });
    const camera = { intrinsics: { fx: 300, fy: 300, cx: 160, cy: 90 }, size: { width: 320, height: 180 } };
    await expect(open(pool, { camera: { ...camera, distortion: null } })).rejects.toThrow(/320x240.*320x180/);
    const absurd = { model: 'plumb_bob', coefficients: [-1e5, 0, 0, 0, 0] } as const;
    const lens = { intrinsics: { fx: 268, fy: 268, cx: 160, cy: 120 }, size: null, distortion: absurd };
    await expect(open(pool, { camera: lens })).rejects.toThrow(/others have no place .* do its coefficients/);
    const normalised = { intrinsics: { fx: 0.84, fy: 0.84, cx: 0.5, cy: 0.5 }, size: null, distortion: null };
    await expect(open(pool, { camera: normalised })).rejects.toMatchObject({
      code: 'INTRINSICS_IMPLAUSIBLE',
      message: expect.stringMatching(/fx 0.84.*320x240.*normalised/),
    });
    await (await open(pool)).close();
    expect(pool.pids).toContain(pid);
    expect(pool.free).toBe(pool.capacity);
  });

  it('dies alone: its frame fails, its end is told, and the next session starts', async () => {
    const pool = poolOf({ size: 1 });
    const setup = engineSetup({ depthHint: 0.8 });
    const goal = { kind: 'image', bytes: await encodeImage(GOAL) } as const;
    const session = await pool.open(setup, goal, now);
    const { goalDistance } = await session.step(grey(MOVED));
    expect(goalDistance).toBeCloseTo(0.8, 1);
    const [pid] = pool.pids;
    const step = session.step(grey(MOVED));
    process.kill(pid, 'SIGKILL');
    await expect(step).rejects.toMatchObject({ code: 'ENGINE_DIED' });
    await session.ended;
    await session.close();
    await untilGone(pid);
    const next = await pool.open(setup, goal, now);
    // What was estimated from the first frame of the session is not estimated again from a later one.
    await expect(next.step(grey(GOAL))).resolves.toMatchObject({ status: 'tracking', goalDistance });
  });

  it('dies, and its successors answer as it did, without looking at the goal again', async () => {
    const pool = poolOf({ size: 1 });
    const setup = engineSetup();
    const goal = { kind: 'image', bytes: await encodeImage(GOAL) } as const;
    const answers = [];
    for (let engine = 0; engine < 3; engine += 1) {
      const session = await pool.open(setup, goal, now);
      const { sequence, timingsMs, ...answer } = await session.step(grey(MOVED));
      expect(sequence).toBeGreaterThan(0);
      expect(timingsMs.detect).toBeGreaterThan(0);
      answers.push({ ...answer, goal: session.goal });
      goal.bytes.fill(0);
      pool.pids.forEach((pid) => process.kill(pid, 'SIGKILL'));
      await session.ended;
      await session.close();
    }
    expect(answers[0]).toMatchObject({ status: 'tracking' });
    expect(answers.slice(1)).toEqual([answers[0], answers[0]]);
    // Another goal is another one, whatever the setup.
    await expect(pool.open(setup, { ...goal, bytes: goal.bytes.slice() }, now)).rejects.toMatchObject({
      code: 'PICTURE_TYPE',
    });
  });

  it('has a spare beside it, also when every place is taken, and the spare outlives its idle time', async () => {
    const pool = poolOf({ size: 1, idleMs: 1 });
    const session = await open(pool);
    const both = await untilRunning(pool, 2);
    for (let step = 0; step < 3; step += 1) await session.step(grey(MOVED));
    expect(pool.pids).toEqual(both);
    await session.close();
    await untilRunning(pool, 0);
  });

  it('takes a frame of a stored video as its goal', async () => {
    const file = path.join(folder, 'goal.mp4');
    await renderTestClip({ out: file, seed: 4, frames: 4, width: 320, height: 240 });
    const video = { width: 320, height: 240, frameCount: 4, frameSource: 'packets' } as const;
    const pool = poolOf();
    const goalOf = (frameNumber: number, changed = {}) =>
      pool.open(
        engineSetup(),
        { kind: 'video', path: file, frame: frameNumber, video: { ...video, ...changed } },
        now,
      );
    await expect(goalOf(4)).rejects.toMatchObject({ code: 'FRAME_RANGE' });
    await expect(goalOf(0, { width: 640 })).rejects.toMatchObject({ code: 'MEDIA_CHANGED' });
    const session = await goalOf(3);
    expect(session.goal).toMatchObject({ width: 320, height: 240 });
    expect(session.goal.keypoints).toBeGreaterThan(50);
    await expect(session.step(grey(GOAL))).resolves.toMatchObject({ velocity: null });
  });

  it('ends with the process that it was started by', async () => {
    const pool = new URL('../../../src/engines/servo-engine/servo-engine-pool.js', import.meta.url);
    const options = new URL('../../support/servo-engines.js', import.meta.url);
    const goal = path.join(folder, 'goal.png');
    await writeFile(goal, await encodeImage(GOAL));
    await untilGoneWithParent(`
      import { readFileSync } from 'node:fs';
      import { ServoEnginePool } from ${JSON.stringify(pool.href)};
      import { ENGINE_OPTIONS, engineSetup } from ${JSON.stringify(options.href)};
      const pool = new ServoEnginePool({ ...ENGINE_OPTIONS, size: 1 });
      const image = { kind: 'image', bytes: readFileSync(${JSON.stringify(goal)}) };
      await pool.open(engineSetup(), image, { waitMs: 0, signal: new AbortController().signal });
      process.stdout.write(String(pool.pids[0]));
    `);
  });

  it('waits in line when every engine is taken', async () => {
    const pool = poolOf({ size: 1, spares: 0 });
    const first = await open(pool);
    expect(pool.free).toBe(0);
    await expect(open(pool)).rejects.toMatchObject({ code: 'SERVO_ENGINES_BUSY', retryAfterSeconds: 5 });
    const goal = { kind: 'image', bytes: await encodeImage(GOAL) } as const;
    const next = pool.open(engineSetup(), goal, { waitMs: LONG_MS, signal: never });
    await first.close();
    await first.ended;
    await expect(first.step(grey(GOAL))).rejects.toMatchObject({ code: 'ENGINE_DIED' });
    await expect((await next).step(grey(GOAL))).resolves.toMatchObject({ status: 'tracking' });
    expect(pool.pids).toHaveLength(1);
  });
});

describe('a session whose engine died', () => {
  it('gets the next one in its place, ahead of those that wait, and frees it at its end', async () => {
    const pool = poolOf({ size: 1, spares: 0 });
    const setup = engineSetup();
    const goal = { kind: 'image', bytes: await encodeImage(GOAL) } as const;
    const dead = await pool.open(setup, goal, now);
    const next = pool.open(engineSetup(), goal, { waitMs: LONG_MS, signal: never });
    for (const pid of pool.pids) process.kill(pid, 'SIGKILL');
    await dead.ended;
    const broken = { kind: 'image', bytes: new Uint8Array([1]) } as const;
    await expect(pool.open(engineSetup(), broken, { ...now, replaces: dead })).rejects.toMatchObject({
      code: 'PICTURE_TYPE',
    });
    const session = await pool.open(setup, goal, { ...now, replaces: dead });
    await dead.close();
    await expect(session.step(grey(GOAL))).resolves.toMatchObject({ status: 'tracking' });
    expect(pool.free).toBe(0);
    await session.close();
    await (await next).close();
    expect(pool.free).toBe(1);
  });
});

describe('an engine that misbehaves', () => {
  it.each([
    ['takes memory', 'memory', 'SESSION_MEMORY_LIMIT', { maxRssBytes: 500 * 2 ** 20 }],
    ['never ends', 'endless', 'FRAME_TIMEOUT', { goalTimeoutMs: 1500 }],
    ['speaks nonsense', 'nonsense', 'BAD_ANSWER', {}],
  ] as const)('and %s is ended, and its place is free again', async (_, kind, code, limits) => {
    const module = await messageBomb(folder, kind, 'socket');
    const pool = poolOf({ size: 1, module, ...limits });
    for (let attempt = 0; attempt < 2; attempt++) {
      const opening = open(pool);
      await expect(opening).rejects.toMatchObject({ code });
    }
    await pool.close();
    expect(pool.pids).toEqual([]);
    expect(pool.free).toBe(1);
  });
});
