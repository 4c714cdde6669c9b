import { averagePrecision } from '../../../evaluation/detection/average-precision.js';

/** A square of side 10 at x. */
const box = (x: number, side = 10) => ({ x, y: 0, width: side, height: side });
const truth = (x: number, label = 'cat', side = 10) => ({ label, box: box(x, side) });
const found = (x: number, score: number, label = 'cat', side = 10) => ({
  label,
  labelIndex: 0,
  score,
  box: box(x, side),
});
const half = { leastOverlap: 0.5 };

describe('average precision', () => {
  it('is 1 for what is found exactly, and 0 for what is missed', () => {
    const image = { truth: [truth(0), truth(50, 'dog')], found: [found(0, 0.9)] };
    expect(averagePrecision([image], half)).toEqual({ mean: 0.5, labels: { cat: 1, dog: 0 } });
  });

  it('is the area under the precision envelope', () => {
    // Right, wrong, right of two objects: precisions 1, 1/2, 2/3; half of the recall at 1, the other half at 2/3.
    const image = { truth: [truth(0), truth(50)], found: [found(0, 0.9), found(100, 0.8), found(50, 0.7)] };
    expect(averagePrecision([image], half).mean).toBeCloseTo(5 / 6, 12);
  });

  it('counts an object once, and a box only from the least overlap on', () => {
    // Squares 2 pixels apart overlap by 2/3, 4 pixels apart by 3/7.
    expect(averagePrecision([{ truth: [truth(0)], found: [found(2, 0.9)] }], half).mean).toBe(1);
    expect(averagePrecision([{ truth: [truth(0)], found: [found(4, 0.9)] }], half).mean).toBe(0);
    const twice = { truth: [truth(0), truth(50)], found: [found(0, 0.9), found(1, 0.8), found(50, 0.7)] };
    expect(averagePrecision([twice], half).mean).toBeCloseTo(5 / 6, 12);
  });

  it('leaves out small objects and what was found of them', () => {
    const image = {
      truth: [truth(0, 'cat', 40), truth(100), truth(200)],
      found: [found(100, 0.9), found(300, 0.8), found(0, 0.7, 'cat', 40)],
    };
    expect(averagePrecision([image], { ...half, leastSide: 16 }).mean).toBe(1);
    expect(averagePrecision([image], half).mean).toBeCloseTo((1 + 2 / 3) / 3, 12);
  });
});
