import { angleBetween, evenlyChosen } from '../../../../scripts/demo/result-table.js';
import type { Velocity } from '../../../../src/vision/geometry/velocity.js';

describe('result table', () => {
  it('twelve of 120 frames are chosen at equal distances, the first and the last among them', () => {
    const frames = Array.from({ length: 120 }, (_, index) => index);
    expect(evenlyChosen(frames, 12)).toEqual([0, 11, 22, 32, 43, 54, 65, 76, 87, 97, 108, 119]);
    expect(evenlyChosen([1, 2, 3], 12)).toEqual([1, 2, 3]);
  });

  it('two vectors that are shown as zeros have no angle, others have', () => {
    const still: Velocity = [0.004, 0, -0.003, 0, 0.001, 0];
    const moving: Velocity = [0.1, 0, 0, 0, 0, 0];
    const across: Velocity = [0, 0.1, 0, 0, 0, 0];
    expect(angleBetween(still, [0, 0, 0, 0, 0, 0.002], 1)).toBeNull();
    expect(angleBetween(null, moving, 1)).toBeNull();
    expect(angleBetween(moving, across, 1)).toBeCloseTo(90, 6);
  });
});
