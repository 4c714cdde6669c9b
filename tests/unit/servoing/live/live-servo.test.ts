import type { ServoSetup } from '../../../../src/domain/servo.js';
import { plainMatcher } from '../../../../src/servoing/features/feature-matcher.js';
import { trackFeatures } from '../../../../src/servoing/features/track-features.js';
import { LiveCamera } from '../../../../src/servoing/live/live-camera.js';
import { LiveServo } from '../../../../src/servoing/live/live-servo.js';
import type { Features } from '../../../../src/vision/features/types.js';
import type { Velocity } from '../../../../src/vision/geometry/velocity.js';
import type { PolicyStep, ServoPolicy } from '../../../../src/vision/servoing/servo-policy.js';
import { createSeededRandom } from '../../../../src/vision/geometry/two-view/seeded-random.js';
import { engineSetup } from '../../../support/servo-engines.js';

const SIZE = { width: 640, height: 480 };
const REMAINING: Velocity = [0.1, -0.2, 0.4, 0.1, 0, -0.3];

/** Strewn points with descriptors that only match their own; `scale` about the middle of the image. */
function points(count: number, scale = 1): Features {
  const random = createSeededRandom(12);
  const descriptors = Uint8Array.from({ length: 32 * count }, () => random() * 256);
  const places = Float32Array.from(
    { length: 2 * count },
    (_, i) => (random() - 0.5) * (i % 2 === 0 ? 500 : 380),
  );
  return {
    count,
    points: places.map((value, i) => value * scale + (i % 2 === 0 ? 320 : 240)),
    scores: new Float32Array(count).fill(1),
    sizes: new Float32Array(count).fill(31),
    angles: new Float32Array(count),
    descriptors: { kind: 'binary', bytes: 32, data: descriptors },
  };
}

/** A policy that always sees the same motion left. */
const policy: ServoPolicy = {
  name: 'ibvs',
  setGoal: () => Promise.resolve(),
  step: (): Promise<PolicyStep> => Promise.resolve({ velocity: REMAINING, lost: null }),
};

async function servoOf(setup: Partial<ServoSetup>, goal = points(60)) {
  const full = engineSetup(setup);
  const view = new LiveCamera(full, SIZE).view(SIZE);
  const opened = { policy, detector: 'ORB', maxPoints: 512, stopThreshold: 0.005 };
  const servo = await LiveServo.start(goal, { setup: full, opened, view });
  let micros = 0n;
  return async (frame: Features) => {
    const tracked = { detectMs: 1, ...(await trackFeatures(servo.goal, frame, { matcher: plainMatcher })) };
    return servo.step({ tracked, view, captureTimeMicros: (micros += 40_000n) });
  };
}

const close = (velocity: Velocity | null, expected: readonly number[]): void =>
  expected.forEach((value, i) => expect(velocity?.[i]).toBeCloseTo(value, 10));

describe('a live servo', () => {
  it('multiplies the motion that is left by the gain, and its translation by the goal distance', async () => {
    const step = await servoOf({ gain: 2, goalDistance: 0.5 });
    const { velocity, velocityTool, status } = await step(points(60, 1.1));
    close(velocity, [0.1, -0.2, 0.4, 0.2, 0, -0.6]);
    expect([velocityTool, status]).toEqual([null, 'tracking']);
  });

  it('takes the adaptive gain of the largest part of the motion, in goal distances', async () => {
    const gain = { zero: 4, infinity: 0.4, slope: 30 };
    const step = await servoOf({ gain, goalDistance: 5 });
    // x is 0.4, of the third number: 3.6 exp(-30 / 3.6 * 0.4) + 0.4.
    const lambda = 3.6 * Math.exp(-10 / 3) + 0.4;
    const { velocity } = await step(points(60, 1.1));
    close(
      velocity,
      [0.5, -1, 2, 0.1, 0, -0.3].map((value) => value * lambda),
    );
  });

  it('keeps the limits, and says what the tool then does', async () => {
    // The tool lies a metre behind the camera, turned by a quarter about the optical axis.
    const handEye = [0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1];
    const step = await servoOf({ handEye, limits: { linear: 10, angular: 0.1 } });
    const { velocity, velocityTool } = await step(points(60, 1.1));
    const factor = 0.1 / Math.hypot(0.1, 0.3);
    close(
      velocity,
      REMAINING.map((value) => value * factor),
    );
    // R v + t x R w with R v = (0.2, 0.1, 0.4), R w = (0, 0.1, -0.3), t = (0, 0, 1).
    close(
      velocityTool,
      [0.1, 0.1, 0.4, 0, 0.1, -0.3].map((value) => value * factor),
    );
  });

  it('finds the goal distance by the depth of its first frame, and keeps it', async () => {
    const step = await servoOf({ depthHint: 0.8 });
    const first = await step(points(60, 0.5));
    // Half as large as in the goal image at 0.8 m: the goal was taken at 0.4 m.
    expect(first.goalDistance).toBeCloseTo(0.4, 5);
    expect(first.velocity?.[2]).toBeCloseTo(0.4 * 0.4, 5);
    expect((await step(points(60, 0.9))).goalDistance).toBe(first.goalDistance);
  });

  it('arrives, loses its goal without a velocity, and finds it again', async () => {
    const step = await servoOf({});
    const statuses: string[] = [];
    for (let i = 0; i < 20; i++) statuses.push((await step(points(60))).status);
    expect(statuses.indexOf('arrived')).toBe(13);
    const lost = await step(points(0));
    expect(lost).toMatchObject({
      status: 'lost',
      velocity: null,
      velocityTool: null,
      reason: 'NO_KEYPOINTS',
    });
    await expect(step(points(60))).resolves.toMatchObject({ status: 'arrived' });
    for (let i = 0; i < 3; i++) await step(points(60, 1.2));
    await expect(step(points(60))).resolves.toMatchObject({ status: 'tracking' });
  });

  it('does not start with three points', async () => {
    await expect(servoOf({}, points(3))).rejects.toMatchObject({ code: 'GOAL_TOO_FEW_POINTS' });
  });
});
