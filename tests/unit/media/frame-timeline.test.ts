import { frameTimeline, PartClock } from '../../../src/media/frame-timeline.js';

/** Ticks of a frame at 25 frames per second in a clock of 90 kHz. */
const FRAME = 3600;
const frames = (count: number, start: number): number[] =>
  Array.from({ length: count }, (_, index) => start + index * FRAME);
const timesOf = (ticks: number[], container: 'ts' | 'mkv' = 'ts') => {
  const { ticks: shown, joined } = frameTimeline(Float64Array.from(ticks), container);
  return { joined, shown: [...shown] };
};

describe('times of joined recordings', () => {
  it.each([
    ['begins at the same time', 90_000],
    ['begins an hour later', 3600 * 90_000],
    ['begins after the clock of 33 bits has passed its end', 90_000 - 2 ** 33],
  ])('a part that %s follows the part before by one frame', (_, start) => {
    const parts = [...frames(50, 90_000), ...frames(25, start)];
    expect(timesOf(parts)).toEqual({ joined: true, shown: frames(75, 90_000) });
  });

  it('a frame out of its place in a damaged file is shown at once, and moves none after it', () => {
    const damaged = frames(30, 0);
    damaged[10] = damaged[2];
    const shown = frames(30, 0);
    shown[10] = shown[9];
    expect(timesOf(damaged)).toEqual({ joined: false, shown });
  });

  it('containers with one clock have no parts', () => {
    expect(timesOf([...frames(30, 0), 0], 'mkv').joined).toBe(false);
  });
});

describe('parts by decoding times', () => {
  it('packets without a time belong to the part before', () => {
    const clock = new PartClock('ts');
    const times = [undefined, 0, FRAME, 2 * FRAME, 0, undefined, FRAME, 20 * 90_000];
    expect(times.map((dts) => clock.partOf(dts))).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
    const later = new PartClock('mpg');
    expect([90_000, 99_000, 0, FRAME].map((dts) => later.partOf(dts))).toEqual([0, 0, 1, 1]);
    const only = new PartClock('mp4');
    expect([90_000, 0].map((dts) => only.partOf(dts))).toEqual([0, 0]);
  });
});
