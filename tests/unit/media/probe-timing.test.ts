import { analyseTiming } from '../../../src/media/probe-timing.js';

const packets = (times: readonly number[]) => ({
  frameCount: times.length,
  timed: true,
  times: Float64Array.from(times),
  reorderDepth: 0,
});
const PAL = { num: 25, den: 1 };

it('believes a header rate only if every frame lies where it says', () => {
  const times = [0, 1, 2, 3, 4].map((n) => n / 30);
  const stream = { rates: [PAL, { num: 30, den: 1 }], containerStart: 0 };
  expect(analyseTiming(packets(times), stream)).toMatchObject({
    fps: { num: 30, den: 1 },
    constantRate: true,
  });
  const liar = analyseTiming(packets(times), { rates: [PAL], containerStart: 0 });
  expect(liar.constantRate).toBe(false);
  expect(liar.fps.num / liar.fps.den).toBeCloseTo(30, 2);
});

it('allows for a container that rounds to milliseconds', () => {
  const times = Array.from({ length: 300 }, (_, n) => Math.round((n * 1001) / 30) / 1000);
  expect(
    analyseTiming(packets(times), { rates: [{ num: 30000, den: 1001 }], containerStart: 0 }).constantRate,
  ).toBe(true);
});

it('does not take a clip with one missing frame for constant', () => {
  const times = [0, 1, 2, 4, 5].map((n) => n / 25);
  const timing = analyseTiming(packets(times), { rates: [PAL], containerStart: 0 });
  expect(timing).toMatchObject({ constantRate: false, seekMode: 'time' });
  expect(timing.durationSeconds).toBeCloseTo(5 / 25 + 5 / 25 / 4, 3);
});

it('starts the clock at the first frame and notes the container being earlier', () => {
  const timing = analyseTiming(packets([2, 2.04, 2.08]), { rates: [PAL], containerStart: 1.5 });
  expect(timing.startOffsetSeconds).toBeCloseTo(0.5, 9);
  expect(timing.presentationTimes?.[0]).toBe(0);
  expect(timing.durationSeconds).toBeCloseTo(0.12, 9);
});

it('counts frames instead of seeking where two share a time or none has one', () => {
  expect(analyseTiming(packets([0, 0.04, 0.04]), { rates: [], containerStart: 0 }).seekMode).toBe('count');
  const untimed = { frameCount: 300, timed: false, times: new Float64Array(0), reorderDepth: 0 };
  expect(analyseTiming(untimed, { rates: [PAL], containerStart: 0 })).toMatchObject({
    seekMode: 'count',
    durationSeconds: 12,
  });
});

it('copes with a single frame', () => {
  expect(analyseTiming(packets([0]), { rates: [PAL], containerStart: 0 })).toMatchObject({
    fps: PAL,
    durationSeconds: 0.04,
  });
  expect(analyseTiming(packets([0]), { rates: [], containerStart: 0 }).durationSeconds).toBeGreaterThan(0);
});
