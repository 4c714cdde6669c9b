import {
  countFrames,
  frameTime,
  planFrames,
  workingSizeOf,
  type FrameTiming,
} from '../../../src/media/frame-plan.js';

const timing: FrameTiming = {
  frameCount: 100,
  fps: { num: 25, den: 1 },
  startOffsetSeconds: 0.5,
  seekMode: 'time',
  reorderDepth: 0,
};

describe('planFrames', () => {
  it('counts start, start + step, … below end', () => {
    for (const range of [
      { start: 0, end: 100, step: 1 },
      { start: 3, end: 10, step: 3 },
      { start: 3, end: 11, step: 4 },
      { start: 99, end: 100, step: 7 },
    ]) {
      let expected = 0;
      for (let n = range.start; n < range.end; n += range.step) expected += 1;
      expect(countFrames(range)).toBe(expected);
      expect(planFrames(range, timing).count).toBe(expected);
    }
  });

  it('does not seek for the first frame', () => {
    expect(planFrames({ start: 0, end: 100, step: 1 }, timing)).toEqual({ count: 100 });
  });

  it('cuts half a gap before the frame, counted from the start of the container', () => {
    expect(planFrames({ start: 10, end: 20, step: 1 }, timing).seekSeconds).toBeCloseTo(0.5 + 9.5 / 25, 9);
    const presentationTimes = [0, 1, 1.5, 4];
    const uneven = { ...timing, frameCount: 4, presentationTimes };
    expect(planFrames({ start: 3, end: 4, step: 1 }, uneven).seekSeconds).toBeCloseTo(0.5 + 2.75, 9);
  });

  it('starts earlier and skips where frames are stored out of order, so that the cut stays the same', () => {
    const reordered = { ...timing, reorderDepth: 3 };
    const { seekSeconds = 0, skipSeconds = 0 } = planFrames({ start: 50, end: 60, step: 1 }, reordered);
    expect(seekSeconds).toBeLessThan(0.5 + 44 / 25);
    expect(seekSeconds + skipSeconds).toBeCloseTo(0.5 + 49.5 / 25, 9);
    const early = planFrames({ start: 5, end: 60, step: 1 }, reordered);
    expect(early).toMatchObject({ seekSeconds: undefined, skipSeconds: 0.5 + 4.5 / 25 });
  });

  it('counts from the beginning where packets have no times', () => {
    const counted = { ...timing, seekMode: 'count' as const };
    expect(planFrames({ start: 7, end: 30, step: 4 }, counted)).toMatchObject({
      seekSeconds: undefined,
      select: 'gte(n,7)*not(mod(n-7,4))',
    });
    expect(planFrames({ start: 0, end: 30, step: 1 }, counted).select).toBeUndefined();
  });

  it.each([
    { start: 5, end: 5, step: 1 },
    { start: 9, end: 5, step: 1 },
    { start: -1, end: 5, step: 1 },
    { start: 0, end: 101, step: 1 },
    { start: 0, end: 5, step: 0 },
    { start: 0, end: 5, step: -1 },
    { start: 0.5, end: 5, step: 1 },
    { start: 0, end: NaN, step: 1 },
    { start: 0, end: Infinity, step: 1 },
  ])('refuses $start to $end in steps of $step', (range) => {
    expect(() => planFrames(range, timing)).toThrow(
      expect.objectContaining({ code: 'FRAME_RANGE', kind: 'invalid' }),
    );
  });
});

describe('frame plan', () => {
  it('frameTime is exact for fractional rates and follows a list where there is one', () => {
    expect(frameTime(30, { fps: { num: 30000, den: 1001 } })).toBe(1.001);
    expect(frameTime(1, { fps: { num: 25, den: 1 }, presentationTimes: [0, 0.7] })).toBe(0.7);
  });

  it('workingSizeOf brings the long side down, never up, and keeps the proportions', () => {
    expect(workingSizeOf({ width: 1920, height: 1080 }, 640)).toEqual({ width: 640, height: 360 });
    expect(workingSizeOf({ width: 1080, height: 1920 }, 640)).toEqual({ width: 360, height: 640 });
    expect(workingSizeOf({ width: 320, height: 200 }, 640)).toEqual({ width: 320, height: 200 });
    expect(workingSizeOf({ width: 4000, height: 1 }, 640)).toEqual({ width: 640, height: 1 });
  });
});
