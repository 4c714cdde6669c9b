import { describe, expect, it } from '@jest/globals';
import { frameConfidence, type ConfidenceInputs } from '../../../../src/vision/servoing/confidence.js';
import type { Velocity } from '../../../../src/vision/geometry/velocity.js';

/** Points on a regular grid over a box of the given size: an even spread. */
const grid = (width: number, height: number): Float32Array =>
  Float32Array.from({ length: 2 * 400 }, (_, i) => {
    const cell = (i % 2 === 0 ? Math.floor(i / 2) % 20 : Math.floor(i / 40)) + 0.5;
    return (cell / 20 - 0.5) * (i % 2 === 0 ? width : height);
  });
const forward: Velocity = [0, 0, 0.3, 0, 0, 0.1];
const good: ConfidenceInputs = {
  matches: 100,
  inliers: 100,
  points: grid(1, 0.8),
  viewArea: 0.8,
  network: forward,
  ibvs: forward,
  goalDistance: 1,
};

describe('frame confidence', () => {
  it('is one when everything speaks for the frame', () => {
    expect(frameConfidence(good)).toEqual({ value: 1, inlierShare: 1, spread: 1, agreement: 1 });
  });

  it('falls with the share of inliers', () => {
    const { value, inlierShare } = frameConfidence({ ...good, inliers: 27, matches: 216 });
    expect(inlierShare).toBe(0.125);
    expect(value).toBeCloseTo(0.5, 10);
    expect(frameConfidence({ ...good, inliers: 0, matches: 0 }).value).toBe(0);
  });

  it('measures spread by area: a tenth of the image over the quarter that is enough', () => {
    const { spread } = frameConfidence({ ...good, points: grid(0.4, 0.2) });
    expect(spread).toBeCloseTo(0.1 / 0.25, 2);
  });

  it('has no spread on a line, in one place or without points', () => {
    for (const points of [grid(1, 0), grid(0, 0), new Float32Array(0), Float32Array.of(0.1, 0.2)]) {
      expect(frameConfidence({ ...good, points })).toMatchObject({ spread: 0, value: 0 });
    }
  });

  it('compares the two velocities in goal distances', () => {
    const opposite: Velocity = [0, 0, -0.3, 0, 0, -0.1];
    expect(frameConfidence({ ...good, ibvs: opposite }).agreement).toBeLessThan(0.1);
    // Both translations at a goal distance of 10: a metre less is a tenth.
    const far = frameConfidence({
      ...good,
      network: [0, 0, 10, 0, 0, 0],
      ibvs: [0, 0, 9, 0, 0, 0],
      goalDistance: 10,
    });
    expect(far.agreement).toBeCloseTo(1 - 0.1 / (1 + 0.9 + 0.02), 10);
  });

  it('does not doubt two cameras that stand, however their noise points', () => {
    const still = frameConfidence({ ...good, network: [1e-4, 0, 0, 0, 0, 0], ibvs: [-1e-4, 0, 0, 0, 0, 0] });
    expect(still.agreement).toBeGreaterThan(0.95);
  });

  it('rests on the other parts where IBVS has no answer', () => {
    const { value, agreement } = frameConfidence({ ...good, inliers: 25, ibvs: null });
    expect(agreement).toBeNull();
    expect(value).toBeCloseTo(0.5, 10);
  });
});
