import type { FrameIndex } from '../../../src/media/frame-index.js';
import { analyseTiming } from '../../../src/media/probe-timing.js';

const packets = (times: readonly number[]): FrameIndex => ({
  frameCount: times.length,
  frameSource: 'packets',
  timed: true,
  ticks: Float64Array.from(times, (time) => Math.round(time * 90_000)),
  reorderDepth: 0,
  regular: true,
  oneSize: true,
});
const PAL = { num: 25, den: 1 };
const timeBase = { num: 1, den: 90_000 };

describe('probe timing', () => {
  it('believes a header rate only if every frame lies where it says', () => {
    const times = [0, 1, 2, 3, 4].map((n) => n / 30);
    const stream = { timeBase, rates: [PAL, { num: 30, den: 1 }], containerStart: 0 };
    expect(analyseTiming(packets(times), stream, true)).toMatchObject({
      fps: { num: 30, den: 1 },
      constantRate: true,
    });
    const liar = analyseTiming(packets(times), { timeBase, rates: [PAL], containerStart: 0 }, true);
    expect(liar.constantRate).toBe(false);
    expect(liar.fps.num / liar.fps.den).toBeCloseTo(30, 2);
  });

  it('allows for a container that rounds to milliseconds', () => {
    const times = Array.from({ length: 300 }, (_, n) => Math.round((n * 1001) / 30) / 1000);
    expect(
      analyseTiming(packets(times), { timeBase, rates: [{ num: 30000, den: 1001 }], containerStart: 0 }, true)
        .constantRate,
    ).toBe(true);
  });

  it('does not take a clip with one missing frame for constant', () => {
    const times = [0, 1, 2, 4, 5].map((n) => n / 25);
    const timing = analyseTiming(packets(times), { timeBase, rates: [PAL], containerStart: 0 }, true);
    expect(timing).toMatchObject({ constantRate: false, seekMode: 'time' });
    expect(timing.durationSeconds).toBeCloseTo(5 / 25 + 5 / 25 / 4, 3);
  });

  it('starts the clock at the first frame and notes the container being earlier', () => {
    const timing = analyseTiming(
      packets([2, 2.04, 2.13]),
      { timeBase, rates: [PAL], containerStart: 1.5 },
      true,
    );
    expect(timing.startOffsetSeconds).toBeCloseTo(0.5, 9);
    expect(timing.presentationTimes?.[0]).toBe(0);
    expect(timing.durationSeconds).toBeCloseTo(0.13 + 0.13 / 2, 3);
  });

  it('counts frames instead of seeking where packets mislead, the container has no index or frames have no times', () => {
    const stream = { timeBase, rates: [PAL], containerStart: 0 };
    const index = packets([0, 0.04, 0.08]);
    expect(analyseTiming(index, stream, true).seekMode).toBe('time');
    expect(analyseTiming(index, stream, false).seekMode).toBe('count');
    expect(analyseTiming({ ...index, regular: false }, stream, true).seekMode).toBe('count');
    expect(analyseTiming({ ...index, oneSize: false }, stream, true).seekMode).toBe('all');
    const ticks = new Float64Array(300);
    const untimed = { ...index, frameCount: 300, timed: false, regular: false, ticks };
    expect(analyseTiming(untimed, { timeBase, rates: [PAL], containerStart: 0 }, true)).toMatchObject({
      seekMode: 'count',
      durationSeconds: 12,
    });
  });

  it('copes with a single frame', () => {
    expect(analyseTiming(packets([0]), { timeBase, rates: [PAL], containerStart: 0 }, true)).toMatchObject({
      fps: PAL,
      durationSeconds: 0.04,
    });
    expect(
      analyseTiming(packets([0]), { timeBase, rates: [], containerStart: 0 }, true).durationSeconds,
    ).toBeGreaterThan(0);
  });
});
