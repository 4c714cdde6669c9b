import { medianInPlace } from '../../../../src/vision/motion/median.js';

/** Numbers that repeat themselves after so many different ones. */
const values = (count: number, different: number): Float32Array => {
  let seed = 7;
  return Float32Array.from({ length: count }, () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return (seed % different) - different / 3;
  });
};

describe('the median', () => {
  it.each([1, 2, 3, 4, 9, 100, 1001])('of %d values is the middle of the sorted ones', (count) => {
    for (const different of [1, 2, 7, 100_000]) {
      const given = values(count, different);
      const sorted = Array.from(given).sort((one, other) => one - other);
      expect(medianInPlace(given)).toBe(sorted[count >> 1]);
      expect(Array.from(given).sort((one, other) => one - other)).toEqual(sorted);
    }
  });

  it('of sorted, reversed and no values', () => {
    expect(medianInPlace(Float32Array.from([1, 2, 3, 4, 5]))).toBe(3);
    expect(medianInPlace(Float32Array.from([5, 4, 3, 2, 1]))).toBe(3);
    expect(medianInPlace(new Float32Array())).toBe(0);
  });
});
