import { Arrival } from '../../../../src/servoing/live/arrival.js';
import { FrameClock } from '../../../../src/servoing/live/frame-clock.js';

const THRESHOLD = 0.005;
const HALF_SECOND = 500_000;

/** Feeds errors, one each `micros`, from `start` on. */
function feed(
  arrival: Arrival,
  errors: readonly (number | null)[],
  { micros = 40_000, start = 0 } = {},
): boolean[] {
  return errors.map((error, i) => arrival.update(error, start + i * micros));
}

const still = (count: number, error = 0.001): number[] => new Array<number>(count).fill(error);

describe('arriving', () => {
  it('takes half a second at the goal, whatever the frame rate', () => {
    for (const micros of [5_000, 40_000, 125_000, 250_000]) {
      const states = feed(new Arrival(THRESHOLD), still(300), { micros });
      expect(states.indexOf(true)).toBe(Math.ceil(HALF_SECOND / micros));
    }
  });

  it('takes three frames where they come slower', () => {
    expect(feed(new Arrival(THRESHOLD), still(4), { micros: 900_000 })).toEqual([false, false, true, true]);
  });

  it('does not happen far from the goal, while coming nearer, or while the goal is not seen', () => {
    expect(feed(new Arrival(THRESHOLD), still(100, 0.006))).not.toContain(true);
    const nearer = Array.from({ length: 30 }, (_, i) => 0.004 * 0.9 ** i);
    expect(feed(new Arrival(THRESHOLD), nearer)).not.toContain(true);
    const blinking = Array.from({ length: 100 }, (_, i) => (i % 10 === 9 ? null : 0.001));
    expect(feed(new Arrival(THRESHOLD), blinking)).not.toContain(true);
  });
});

describe('leaving', () => {
  const arrived = (): { arrival: Arrival; start: number } => {
    const arrival = new Arrival(THRESHOLD);
    expect(feed(arrival, still(20)).at(-1)).toBe(true);
    return { arrival, start: 20 * 40_000 };
  };

  it('happens with the third frame in a row that shows the goal elsewhere, or not at all', () => {
    for (const away of [0.02, null]) {
      const { arrival, start } = arrived();
      expect(feed(arrival, [away, away, away, away], { start })).toEqual([true, true, false, false]);
    }
  });

  it('does not happen for noise around the limit, nor for single bad frames', () => {
    const { arrival, start } = arrived();
    const noisy = Array.from({ length: 200 }, (_, i) => (i % 3 === 0 ? 0.05 : 0.0035));
    expect(feed(arrival, noisy, { start })).not.toContain(false);
  });

  it('lets it arrive again, after half a second at the goal again', () => {
    const { arrival, start } = arrived();
    feed(arrival, [0.02, 0.02, 0.02], { start });
    const again = feed(arrival, still(20, 0.002), { start: start + 3 * 40_000 });
    expect(again.indexOf(true)).toBe(13);
  });

  it('needs as little memory after a day of frames as after a minute', () => {
    const arrival = new Arrival(THRESHOLD);
    for (let i = 0; i < 20_000; i++) arrival.update(0.02, i);
    // Twenty thousand frames within a fiftieth of a second, then one later.
    expect(arrival.update(0.02, 10_000_000)).toBe(false);
  });
});

describe('the time of frames', () => {
  const ticks = (frames: readonly (readonly [capture: bigint, arrivalMs: number])[]): number[] => {
    let now = 0;
    const clock = new FrameClock(() => now);
    return frames.map(([capture, arrivalMs]) => ((now = arrivalMs), clock.tick(capture)));
  };

  it('is that of the camera, not of the network', () => {
    expect(
      ticks([
        [5_000n, 0],
        [45_000n, 300],
        [85_000n, 301],
      ]),
    ).toEqual([0, 40_000, 80_000]);
  });

  it('is that of the network where the camera has none, goes back or jumps', () => {
    expect(
      ticks([
        [0n, 0],
        [0n, 40],
        [0n, 80],
      ]),
    ).toEqual([0, 40_000, 80_000]);
    expect(
      ticks([
        [9_000_000n, 0],
        [1_000_000n, 40],
        [1_040_000n, 500],
      ]),
    ).toEqual([0, 40_000, 80_000]);
    expect(
      ticks([
        [0n, 0],
        [2n ** 64n - 1n, 40],
      ]),
    ).toEqual([0, 40_000]);
  });

  it('counts a pause as one second', () => {
    expect(
      ticks([
        [0n, 0],
        [60_000_000n, 60_000],
      ]),
    ).toEqual([0, 1_000_000]);
  });
});
