import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { StopRule, stopThreshold } from '../../../../src/vision/servoing/stop-rule.js';

const POINTS = 20;
const goal = Float32Array.from({ length: 2 * POINTS }, (_, i) => ((i * 7) % 11) / 11 - 0.5);
const all = new Uint8Array(POINTS).fill(1);
/** The goal moved by (3, 4) / 5 times `distance`: every point is `distance` off. */
const moved = (distance: number): Float32Array =>
  goal.map((value, i) => value + (i % 2 === 0 ? 0.6 : 0.8) * distance);
/** 10 frames make the half second. */
const rule = (threshold = 0.01): StopRule => new StopRule({ goal, threshold, secondsPerFrame: 0.05 });

describe('the feature error', () => {
  it('is the distance when all points are off alike', () => {
    expect(rule().update({ current: moved(0.25), visible: all }).featureError).toBeCloseTo(0.25, 6);
  });

  it('leaves out the worst tenth: two wild matches of twenty change nothing', () => {
    const current = moved(0.1);
    current.set([5, 5, -7, 9], 6);
    expect(rule().update({ current, visible: all }).featureError).toBeCloseTo(0.1, 6);
    current.set([3, 3], 20);
    expect(rule().update({ current, visible: all }).featureError).toBeGreaterThan(0.2);
  });

  it('ignores points that are not visible', () => {
    const current = moved(0.1).fill(NaN, 0, 10);
    const visible = all.slice().fill(0, 0, 5);
    expect(rule().update({ current, visible }).featureError).toBeCloseTo(0.1, 6);
  });

  it('weights points by how often they were seen lately', () => {
    const watched = rule();
    const half = all.slice().fill(0, 0, 10);
    for (let i = 0; i < 20; i++) watched.update({ current: moved(0), visible: half });
    // The first half was away for 20 frames: weight 20 * 0.95^21 + 1 against 20 for the others.
    const current = moved(0);
    for (let row = 0; row < 10; row++) current[2 * row] = goal[2 * row] + 1;
    const away = 20 * 0.95 ** 21 + 1;
    // Two of the ten that are off by one are dropped as the worst tenth.
    const expected = (8 * away) / (8 * away + 10 * 20);
    expect(watched.update({ current, visible: all }).featureError).toBeCloseTo(expected, 5);
  });

  it('is unknown without visible points', () => {
    expect(rule().update({ current: moved(0), visible: new Uint8Array(POINTS) })).toEqual({
      featureError: null,
      settled: false,
    });
  });
});

describe('the stop rule', () => {
  const feed = (watched: StopRule, distances: readonly number[]): boolean[] =>
    distances.map((distance) => watched.update({ current: moved(distance), visible: all }).settled);
  const still = (frames: number, distance = 0.002): number[] => new Array<number>(frames).fill(distance);

  it('fires with the tenth frame of a standstill at the goal', () => {
    const watched = rule();
    expect(feed(watched, still(12)).indexOf(true)).toBe(9);
    expect(watched.reachedFrame).toBe(9);
  });

  it('never fires away from the goal', () => {
    const watched = rule();
    feed(watched, still(50, 0.0101));
    expect(watched.reachedFrame).toBeNull();
  });

  it('waits while the error still falls, though it is near its minimum', () => {
    const approach = Array.from({ length: 100 }, (_, i) => 0.2 * 0.85 ** i);
    const watched = rule();
    feed(watched, approach);
    const reached = watched.reachedFrame ?? -1;
    // Within 1.1 x + 5e-4 of the newest value x for ten frames: 0.85^-9 x <= 1.1 x + 5e-4, that is x <= 1.54e-4.
    expect(approach[reached]).toBeLessThan(5e-4 / (0.85 ** -9 - 1.1));
    // Mean of the first five less mean of the last five: x (0.85^-5 - 1) (1 + 0.85^-1 + ... + 0.85^-4) / 5 <= 3e-5.
    const perValue = ((0.85 ** -5 - 1) * (0.85 ** -5 - 1)) / (0.85 ** -1 - 1) / 5;
    expect(approach[reached]).toBeLessThanOrEqual(3e-5 / perValue);
    expect(approach[reached - 1]).toBeGreaterThan(3e-5 / perValue);
  });

  it('is not delayed by an error that wanders or rises near its minimum', () => {
    const wandering = rule();
    feed(wandering, [...still(5, 0.002), ...still(5, 0.0024)]);
    expect(wandering.reachedFrame).toBe(9);
    const uneven = rule();
    feed(uneven, new Array<number[]>(8).fill([0.002, 0.0024]).flat());
    expect(uneven.reachedFrame).toBe(9);
  });

  it('restarts the half second after a jump and after a lost frame', () => {
    const jumping = rule();
    feed(jumping, [...still(9), 0.05, ...still(10)]);
    expect(jumping.reachedFrame).toBe(19);
    const losing = rule();
    feed(losing, still(9));
    losing.update({ current: moved(0), visible: new Uint8Array(POINTS) });
    feed(losing, still(10));
    expect(losing.reachedFrame).toBe(19);
  });

  it('accepts errors within 1.1 times the minimum plus 5e-4, and no more', () => {
    const within = rule();
    feed(within, [0.004, ...still(12, 0.004 * 1.1 + 4.9e-4)]);
    expect(within.reachedFrame).toBe(9);
    const beyond = rule();
    feed(beyond, [0.004, ...still(30, 0.004 * 1.1 + 5.1e-4)]);
    expect(beyond.reachedFrame).toBeNull();
  });

  it('keeps the first frame when the camera leaves the goal again', () => {
    const watched = rule();
    feed(watched, [...still(15), ...still(20, 0.3), ...still(15)]);
    expect(watched.reachedFrame).toBe(9);
  });

  it('counts half a second by the time between frames', () => {
    const sparse = new StopRule({ goal, threshold: 0.01, secondsPerFrame: 0.25 });
    feed(sparse, still(5));
    expect(sparse.reachedFrame).toBe(1);
    const slow = new StopRule({ goal, threshold: 0.01, secondsPerFrame: 2 });
    feed(slow, still(2));
    expect(slow.reachedFrame).toBe(0);
  });
});

describe('stop rule', () => {
  it('thresholds: by detector, the manifest first, learned for the unknown', () => {
    expect(['ORB', 'SIFT', 'XFeat'].map((name) => stopThreshold(name))).toEqual([0.005, 0.002, 0.01]);
    expect(stopThreshold('ORB', { ORB: 0.004 })).toBe(0.004);
    expect(stopThreshold('constructor', { learned: 0.02 })).toBe(0.02);
  });
});

interface RuleCase {
  readonly seed: number;
  readonly points: number;
  readonly frames: number;
  readonly start: number;
  readonly decay: number;
  readonly jitter: number;
  readonly hidden: number;
  readonly wrong: number;
  /** Of every fifth frame. */
  readonly errors: readonly number[];
  readonly reached: number | null;
}

/** The rule that training and evaluation use, in another language, wrote what it said of the same observations. */
describe('the rule of the evaluation', () => {
  const path = resolve(import.meta.dirname, '../../../../../tests/fixtures/stop-rule.json');
  const { threshold, secondsPerFrame, cases } = JSON.parse(readFileSync(path, 'utf8')) as {
    threshold: number;
    secondsPerFrame: number;
    cases: RuleCase[];
  };

  it.each(cases)('says the same of case $seed', (given) => {
    let state = given.seed;
    const draw = (): number => (state = (Math.imul(1664525, state) + 1013904223) >>> 0) / 2 ** 32;
    const goalPoints = Float32Array.from({ length: 2 * given.points }, () => draw() - 0.5);
    const watched = new StopRule({ goal: goalPoints, threshold, secondsPerFrame });
    const errors: number[] = [];
    for (let frame = 0; frame < given.frames; frame++) {
      const current = goalPoints.slice();
      const visible = new Uint8Array(given.points);
      for (let row = 0; row < given.points; row++) {
        const [luck, right, down] = [draw(), draw() - 0.5, draw() - 0.5];
        const spread = luck >= 1 - given.wrong ? 1 : 2 * given.jitter;
        current[2 * row] += given.start * given.decay ** frame + spread * right;
        current[2 * row + 1] += spread * down;
        visible[row] = luck >= given.hidden ? 1 : 0;
      }
      errors.push(watched.update({ current, visible }).featureError ?? NaN);
    }
    given.errors.forEach((error, i) => expect(errors[5 * i]).toBeCloseTo(error, 6));
    expect(watched.reachedFrame).toBe(given.reached);
  });
});
