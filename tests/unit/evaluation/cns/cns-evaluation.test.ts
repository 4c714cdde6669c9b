import { drawPairs, EVALUATION_SCENES } from '../../../../evaluation/cns/evaluation-scenes.js';
import { CLEAN_IMAGE, spoil } from '../../../../evaluation/cns/image-condition.js';
import { markdownTable } from '../../../../benchmarks/statistics.js';
import { summariseFrames, summariseLoops } from '../../../../evaluation/cns/summary.js';
import { poseError } from '../../../../src/vision/servoing/reference-law.js';

const size = { width: 40, height: 30 };
const grey = (value: (x: number, y: number) => number): Float32Array =>
  Float32Array.from({ length: 40 * 30 * 3 }, (_, i) => value(Math.floor(i / 3) % 40, Math.floor(i / 120)));

describe('spoilt images', () => {
  it('stay as they are under good conditions', () => {
    const image = grey((x, y) => x + y);
    const before = image.slice();
    spoil(image, size, CLEAN_IMAGE);
    expect(image).toEqual(before);
  });

  it('lose light by the gain, and more to the right by the slope', () => {
    const image = grey(() => 200);
    spoil(image, size, { ...CLEAN_IMAGE, gain: 0.5, slope: 0.5 });
    expect(image[0]).toBeCloseTo(100, 4);
    expect(image[3 * 20]).toBeCloseTo(75, 4);
  });

  it('a blurred edge keeps its light and falls off as the Gaussian does', () => {
    const image = grey((x) => (x < 20 ? 0 : 100));
    spoil(image, size, { ...CLEAN_IMAGE, blur: 2 });
    const row = Array.from({ length: 40 }, (_, x) => image[3 * (15 * 40 + x)]);
    expect(row[19] + row[20]).toBeCloseTo(100, 3);
    // A deviation and three quarters left of the edge, which lies between 19 and 20: Phi(-1.75) is 4 percent.
    expect(row[16]).toBeGreaterThan(2);
    expect(row[16]).toBeLessThan(8);
    expect([row[2], row[37]].map(Math.round)).toEqual([0, 100]);
  });
});

describe('pairs of a scene', () => {
  it('are the same each time, and as far apart as they should be', () => {
    const [scene] = EVALUATION_SCENES;
    const pairs = drawPairs(scene, 4, () => true);
    expect(drawPairs(scene, 4, () => true)).toEqual(pairs);
    const limits = [25, 50, 80, 130];
    pairs.forEach(({ goal, start }, k) => {
      const { metres, degrees } = poseError(goal, start);
      expect(degrees).toBeLessThanOrEqual(limits[k]);
      expect(degrees).toBeGreaterThanOrEqual(k === 0 ? 8 : limits[k - 1]);
      expect(metres).toBeGreaterThanOrEqual(0.08);
      expect(metres).toBeLessThanOrEqual(0.42);
    });
  });

  it('must see the goal', () => {
    expect(() => drawPairs(EVALUATION_SCENES[0], 1, () => false)).toThrow('mixed');
  });
});

describe('summaries', () => {
  const frame = {
    scene: 's',
    inliers: 9,
    confidence: 1,
    angleTranslationDeg: 1,
    angleRotationDeg: 2,
    lengthRatio: 1,
  };

  it('take medians over frames that are far and not lost', () => {
    const summary = summariseFrames([
      { ...frame, angle6Deg: 10, far: true, lost: false },
      { ...frame, angle6Deg: 20, far: true, lost: false },
      { ...frame, angle6Deg: 90, far: false, lost: false },
      { ...frame, angle6Deg: null, far: true, lost: true },
    ]);
    expect(summary).toMatchObject({ frames: 4, lost: 1, sixVector: 15, rotation: 2 });
    expect(summariseFrames([])).toMatchObject({ frames: 0, sixVector: null });
  });

  it('count failures into the medians of closed loops', () => {
    const end = { scene: 's', pair: 0, degrees: 1, frames: 40, stopped: true, lostFrames: 1, heldFrom: 9 };
    const summary = summariseLoops([
      { ...end, success: true, millimetres: 1 },
      { ...end, success: false, millimetres: 300, heldFrom: null, stopped: false },
      { ...end, success: true, millimetres: 3 },
      { ...end, success: true, millimetres: 5 },
    ]);
    expect(summary).toMatchObject({
      pairs: 4,
      success: 75,
      stopped: 75,
      millimetres: 4,
      lostFrames: 4,
      heldFrom: 9,
    });
  });

  it('tables keep three digits and show what is missing', () => {
    expect(
      markdownTable(
        ['a', 'b'],
        [
          ['x', 1.23456],
          [12, null],
        ],
      ),
    ).toBe('| a | b |\n| --- | --- |\n| x | 1.23 |\n| 12 | – |');
  });
});
