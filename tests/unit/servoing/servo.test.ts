import { Servo, type ServoSetup } from '../../../src/servoing/servo.js';
import type { TrackedFrame } from '../../../src/servoing/track-ahead.js';
import type { Correspondences } from '../../../src/vision/features/correspondences.js';
import type { Features } from '../../../src/vision/features/types.js';
import type { Velocity } from '../../../src/vision/geometry/velocity.js';
import type { ServoPolicy, StepOptions } from '../../../src/vision/servoing/servo-policy.js';

const COUNT = 30;
const size = { width: 640, height: 480 };
const intrinsics = { fx: 540, fy: 540, cx: 320, cy: 240 };
const camera = {
  intrinsics,
  source: 'parameters',
  workingSize: size,
  workingIntrinsics: intrinsics,
} as const;
const points = Float32Array.from({ length: 2 * COUNT }, (_, k) => 40 + ((k * 83) % 400));
const column = (): Float32Array => new Float32Array(COUNT);
const goal: Features = {
  count: COUNT,
  points,
  scores: column(),
  sizes: column(),
  angles: column(),
  descriptors: { kind: 'binary', bytes: 1, data: new Uint8Array(COUNT) },
};

/** Answers how many frames its memory holds, and whether it was told that the points are verified: both show in its velocity. */
class CountingPolicy implements ServoPolicy {
  readonly name = 'cns';
  frames = 0;

  setGoal(): Promise<void> {
    return Promise.resolve();
  }

  step(_: unknown, { memory = 'sequence', verified = true }: StepOptions = {}) {
    if (memory === 'sequence') this.frames += 1;
    const velocity: Velocity = [memory === 'sequence' ? this.frames : -1, Number(verified), 0, 0, 0, 0];
    return Promise.resolve({ velocity, lost: null });
  }
}

/** Points `shift` pixels beside their goal. */
function found(
  shift: number,
  verdict: Partial<Pick<Correspondences, 'lost' | 'weak'>> = {},
): Correspondences {
  const rows = verdict.lost ? 0 : COUNT;
  const index = Int32Array.from({ length: rows }, (_, k) => k);
  return {
    cur:
      rows === 0 ? new Float32Array(2 * COUNT) : points.map((value, k) => value + (k % 2 === 0 ? shift : 0)),
    visible: new Float32Array(COUNT).fill(rows === 0 ? 0 : 1),
    matches: { count: rows, goalIndex: index, currentIndex: index, distances: new Float32Array(rows) },
    inliers: new Uint8Array(rows).fill(1),
    inlierCount: rows,
    model: 'none',
    error: null,
    lost: null,
    weak: null,
    candidates: null,
    ...verdict,
  };
}

const setupOf = (onWeak?: ServoSetup['onWeak']): ServoSetup => ({
  policy: new CountingPolicy(),
  goalCamera: camera,
  currentCamera: camera,
  detector: 'ORB',
  maxPoints: 512,
  stopThreshold: 0.005,
  secondsPerFrame: 0.1,
  gain: 1,
  goalDistance: 1,
  ...(onWeak === undefined ? {} : { onWeak }),
});

async function run(frames: readonly Correspondences[], onWeak?: ServoSetup['onWeak']) {
  const servo = await Servo.start(goal, setupOf(onWeak));
  const records = [];
  for (const [index, one] of frames.entries()) {
    const frame: TrackedFrame = {
      index,
      timeSeconds: index / 10,
      keypoints: COUNT,
      detectMs: 0,
      matchMs: 0,
      found: one,
    };
    records.push((await servo.step(frame)).record);
  }
  return records;
}

const weak = found(30, { weak: 'TOO_FEW_INLIERS' });
const lost = found(0, { lost: 'TOO_FEW_MATCHES' });

describe('clusters of a goal', () => {
  it('are those of an earlier servo where they are given, but only for as many points', async () => {
    const halves = Int32Array.from({ length: COUNT }, (_, k) => k % 2);
    expect(await Servo.start(goal, setupOf(), halves)).toMatchObject({ clusters: 2, labels: halves });
    const { clusters, labels } = await Servo.start(goal, setupOf(), halves.subarray(1));
    expect([clusters, labels.length]).toEqual([5, COUNT]);
  });
});

describe('status of frames', () => {
  it('weak frames have a velocity and an error, and do not pass for verified ones', async () => {
    const [tracked, doubtful, none] = await run([found(20), weak, lost]);
    expect(tracked).toMatchObject({ status: 'tracking', reason: null });
    expect(doubtful).toMatchObject({ status: 'weak', reason: null, inliers: COUNT, model: 'none' });
    expect([tracked.velocity?.[1], doubtful.velocity?.[1]]).toEqual([1, 0]);
    expect(doubtful.featureError).toBeCloseTo(30 / 540, 5);
    expect(none).toMatchObject({ status: 'lost', reason: 'TOO_FEW_MATCHES', velocity: null, confidence: 0 });
  });

  it('frames after a weak one are as after a lost one: it enters neither memory nor stop rule', async () => {
    // At the goal from the fifth frame on, where the rule needs half a second of frames.
    const path = [20, 12, 6, 3, 0, 0, 0, 0, 0, 0, 0, 0].map((shift) => found(shift));
    const withOne = (odd: Correspondences) => run([...path.slice(0, 3), odd, ...path.slice(3)]);
    const strip = (records: Awaited<ReturnType<typeof run>>) =>
      records.toSpliced(3, 1).map(({ timingsMs: _, ...record }) => record);
    const afterWeak = strip(await withOne(weak));
    expect(afterWeak).toEqual(strip(await withOne(lost)));
    expect(afterWeak.at(-1)?.goalReached).toBe(true);
  });

  it('weak frames are left out where that is asked for, and say why', async () => {
    const [tracked, doubtful] = await run([found(20), weak], 'null');
    expect(tracked.velocity).not.toBeNull();
    expect(doubtful).toMatchObject({
      status: 'weak',
      velocity: null,
      reason: 'TOO_FEW_INLIERS',
      confidence: 0,
    });
  });
});
