import { compareVelocity, ZERO_VELOCITY, type Velocity } from '../../../../src/vision/geometry/velocity.js';

describe('compareVelocity', () => {
  const teacher: Velocity = [0.1, 0, 0, 0, 0, 0.2];

  it('finds no angle between a velocity and itself at another speed', () => {
    const comparison = compareVelocity([0.25, 0, 0, 0, 0, 0.5], teacher, 0.7);
    expect(comparison.angle6Deg).toBeCloseTo(0, 10);
    expect(comparison.angleTranslationDeg).toBeCloseTo(0, 10);
    expect(comparison.angleRotationDeg).toBeCloseTo(0, 10);
    expect(comparison.lengthRatio).toBeCloseTo(2.5, 12);
  });

  it('weighs metres by the goal distance', () => {
    // In goal distances of 0.5 m the teacher is (0.2 | 0.2): 45 degrees from a pure rotation, sqrt(2) times as long.
    const comparison = compareVelocity([0, 0, 0, 0, 0, 0.2], teacher, 0.5);
    expect(comparison.angle6Deg).toBeCloseTo(45, 10);
    expect(comparison.lengthRatio).toBeCloseTo(Math.SQRT1_2, 12);
  });

  it('judges translation and rotation apart', () => {
    const comparison = compareVelocity([0, 0.1, 0, 0, 0, -0.2], teacher, 1);
    expect(comparison.angleTranslationDeg).toBeCloseTo(90, 10);
    expect(comparison.angleRotationDeg).toBeCloseTo(180, 10);
    // cos = (0.1*0 - 0.2*0.2) / (0.1^2 + 0.2^2)
    expect(comparison.angle6Deg).toBeCloseTo((Math.acos(-0.8) * 180) / Math.PI, 10);
  });

  it('says null instead of inventing an angle or a ratio for a vector that is zero', () => {
    expect(compareVelocity([0.1, 0, 0, 0, 0, 0], teacher, 1).angleRotationDeg).toBeNull();
    expect(compareVelocity(ZERO_VELOCITY, teacher, 1)).toEqual({
      angle6Deg: null,
      angleTranslationDeg: null,
      angleRotationDeg: null,
      lengthRatio: 0,
    });
    expect(compareVelocity(teacher, ZERO_VELOCITY, 1).lengthRatio).toBeNull();
  });
});
