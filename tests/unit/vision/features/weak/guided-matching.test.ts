import type { Features } from '../../../../../src/vision/features/types.js';
import { guidedMatches, type Guide } from '../../../../../src/vision/features/weak/guided-matching.js';

/** Key points without size and orientation, and one byte of description each. */
function features(points: readonly (readonly [x: number, y: number, byte: number])[]): Features {
  const count = points.length;
  return {
    count,
    points: Float32Array.from(points.flatMap(([x, y]) => [x, y])),
    scores: new Float32Array(count),
    sizes: new Float32Array(count).fill(-1),
    angles: new Float32Array(count).fill(-1),
    descriptors: { kind: 'binary', bytes: 1, data: Uint8Array.from(points, ([, , byte]) => byte) },
  };
}

/** Everything has moved by 100 pixels to the right. */
const guide: Guide = { map: [1, 0, 100, 0, 1, 0], radius: 20, turn: 0, growth: 1, mostDistance: 3 };

const pairsOf = (goal: Features, current: Features): number[][] => {
  const { goalIndex, currentIndex, distances } = guidedMatches(goal, current, guide);
  return [...goalIndex].map((row, k) => [row, currentIndex[k], distances[k]]);
};

describe('guided matches', () => {
  it('are the most similar key points within the radius, to its very edge', () => {
    const goal = features([
      [50, 60, 0b1111],
      [200, 60, 0b1111],
    ]);
    const current = features([
      [321, 60, 0b1111],
      [320, 60, 0b0011],
      [150, 60, 0b0000_1110],
      [150, 81, 0b1111],
      [129.5, 60, 0b1111],
      [250, 60, 0b1111],
    ]);
    expect(pairsOf(goal, current)).toEqual([
      [0, 2, 1],
      [1, 1, 2],
    ]);
  });

  it('takes the first of equally similar ones at the same corner, and none of those at two corners', () => {
    const goal = features([[50, 60, 0b1111]]);
    const twins = [
      [151, 60, 0b1110],
      [149, 60, 0b1101],
    ] as const;
    expect(pairsOf(goal, features(twins))).toEqual([[0, 0, 1]]);
    expect(pairsOf(goal, features([...twins, [158, 60, 0b1011]]))).toEqual([]);
  });
});
