import { CandidateList, type Candidate } from '../../../../src/networks/detection/candidates.js';
import {
  intersectionOverUnion,
  suppressDuplicates,
} from '../../../../src/networks/detection/non-max-suppression.js';

/** A square of side 10 at x. */
const square = (x: number, score: number, label = 0): Candidate => ({
  left: x,
  top: 0,
  right: x + 10,
  bottom: 10,
  score,
  label,
});

const options = { iou: 0.5, agnostic: false, most: 100 };
const scores = (kept: readonly Candidate[]): number[] => kept.map(({ score }) => score);

describe('non-maximum suppression', () => {
  it.each([
    [0, 1],
    [2, 8 / 12],
    [5, 1 / 3],
    [10, 0],
    [25, 0],
  ])('squares that lie %d of 10 pixels apart overlap by %d', (shift, expected) => {
    expect(intersectionOverUnion(square(0, 1), square(shift, 1))).toBeCloseTo(expected, 12);
    expect(intersectionOverUnion(square(shift, 1), square(0, 1))).toBeCloseTo(expected, 12);
  });

  it('a box without an area overlaps nothing', () => {
    const flat = { ...square(0, 1), bottom: 0 };
    expect(intersectionOverUnion(flat, flat)).toBe(0);
  });

  it('keeps the best of each group, and what a dropped box alone would have dropped', () => {
    // 0 drops 3 (7/13 > .5); 3 would drop 6, but is no longer there; 0 and 6 overlap by 4/16.
    const kept = suppressDuplicates([square(0, 0.9), square(3, 0.8), square(6, 0.7)], options);
    expect(scores(kept)).toEqual([0.9, 0.7]);
  });

  it('an overlap equal to the limit is none too many', () => {
    const kept = suppressDuplicates([square(0, 0.9), square(5, 0.8)], { ...options, iou: 1 / 3 });
    expect(scores(kept)).toEqual([0.9, 0.8]);
  });

  it('labels do not compete unless asked to', () => {
    const boxes = [square(0, 0.9, 0), square(1, 0.8, 1)];
    expect(scores(suppressDuplicates(boxes, options))).toEqual([0.9, 0.8]);
    expect(scores(suppressDuplicates(boxes, { ...options, agnostic: true }))).toEqual([0.9]);
  });

  it('stops at the most boxes that are wanted', () => {
    const boxes = [square(0, 0.9), square(20, 0.8), square(40, 0.7)];
    expect(scores(suppressDuplicates(boxes, { ...options, most: 2 }))).toEqual([0.9, 0.8]);
  });
});

describe('candidates', () => {
  it('are the best ones, best first, equal ones in their order', () => {
    const list = new CandidateList(0.1, 3);
    for (const [index, score] of [0.2, 0.5, 0.3, 0.9, 0.5, 0.1, 0.4].entries())
      list.add(square(index, score));
    expect(list.best().map(({ left, score }) => [left, score])).toEqual([
      [3, 0.9],
      [1, 0.5],
      [4, 0.5],
    ]);
  });

  it('refuse scores and boxes that are not numbers', () => {
    const list = new CandidateList(0.5);
    const invalid = expect.objectContaining({ code: 'MODEL_OUTPUT_INVALID' }) as unknown;
    expect(() => list.reaches(NaN)).toThrow(invalid as Error);
    expect(() => list.add({ ...square(0, 1), left: NaN })).toThrow(invalid as Error);
  });
});
