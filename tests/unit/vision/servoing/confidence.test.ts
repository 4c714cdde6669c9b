import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CONFIDENCE_MODEL } from '../../../../src/vision/servoing/confidence-model.js';
import {
  CONFIDENCE_FEATURES,
  frameConfidence,
  type ConfidenceInputs,
} from '../../../../src/vision/servoing/confidence.js';
import type { Velocity } from '../../../../src/vision/geometry/velocity.js';

/** Points on a regular grid over a box of the given size: an even spread. */
const grid = (width: number, height: number): Float32Array =>
  Float32Array.from({ length: 2 * 400 }, (_, i) => {
    const cell = (i % 2 === 0 ? Math.floor(i / 2) % 20 : Math.floor(i / 40)) + 0.5;
    return (cell / 20 - 0.5) * (i % 2 === 0 ? width : height);
  });
/** Points that a camera sees which has to turn by 0.4 radians about its axis, and the velocity that does so. */
const roll: Velocity = [0, 0, 0, 0, 0, 0.4];
const rolled = (points: Float32Array): Float32Array =>
  points.map(
    (value, i) => Math.cos(0.4) * value + Math.sin(0.4) * (i % 2 === 0 ? -points[i + 1] : points[i - 1]),
  );
/** Current points on a grid; where the goal has them does not matter for what these tests ask. */
const spread = (width: number, height: number) => ({ goal: grid(1, 0.8), current: grid(width, height) });
const good: ConfidenceInputs = {
  weak: false,
  matches: 300,
  inliers: 300,
  points: { goal: grid(1, 0.8), current: rolled(grid(1, 0.8)) },
  centre: [0, 0, 1],
  viewArea: 0.8,
  featureError: 0.2,
  detector: 'SIFT',
  policy: 'cns',
  velocity: roll,
  ibvs: roll,
  gain: 1,
  goalDistance: 1,
};
const feature = (inputs: ConfidenceInputs, name: (typeof CONFIDENCE_FEATURES)[number]): number =>
  frameConfidence(inputs).features[CONFIDENCE_FEATURES.indexOf(name)];

describe('frame confidence', () => {
  it('is a probability, lower where the classical law points elsewhere and where little was seen', () => {
    const { value } = frameConfidence(good);
    expect(value).toBeGreaterThan(0.5);
    expect(value).toBeLessThan(1);
    const opposite: Velocity = [0, 0, 0, 0, 0, -0.4];
    expect(frameConfidence({ ...good, ibvs: opposite }).value).toBeLessThan(value);
    const few = { ...good, weak: true, matches: 20, inliers: 5, points: spread(0.2, 0.1), ibvs: opposite };
    expect(frameConfidence(few).value).toBeLessThan(0.3);
  });

  it('counts the share of inliers, none without matches', () => {
    expect(feature({ ...good, inliers: 27, matches: 216 }, 'inlierShare')).toBe(0.125);
    expect(feature({ ...good, inliers: 0, matches: 0 }, 'inlierShare')).toBe(0);
  });

  it('measures spread by area: a tenth of the image over the quarter that is enough', () => {
    expect(feature({ ...good, points: spread(0.4, 0.2) }, 'spread')).toBeCloseTo(0.1 / 0.25, 2);
    for (const current of [grid(1, 0), grid(0, 0), new Float32Array(0), Float32Array.of(0.1, 0.2)])
      expect(feature({ ...good, points: { goal: current, current } }, 'spread')).toBe(0);
  });

  it('compares the two velocities in goal distances', () => {
    // Both translations at a goal distance of 10: a metre less is a tenth.
    const far: ConfidenceInputs = {
      ...good,
      velocity: [0, 0, 10, 0, 0, 0],
      ibvs: [0, 0, 9, 0, 0, 0],
      goalDistance: 10,
    };
    expect(feature(far, 'agreement')).toBeCloseTo(1 - 0.1 / (1 + 0.9 + 0.02), 10);
    expect(feature({ ...good, ibvs: null }, 'noAgreement')).toBe(1);
    expect(frameConfidence({ ...good, ibvs: null }).value).toBeGreaterThan(0);
  });

  it('asks whether the points lie where the velocity says', () => {
    // All do; of points that have not moved only those near the axis.
    expect(feature(good, 'logPoseAgreement')).toBeCloseTo(Math.log(1.02 / 0.02), 4);
    const still: ConfidenceInputs = { ...good, points: { goal: grid(1, 0.8), current: grid(1, 0.8) } };
    expect(feature(still, 'logPoseAgreement')).toBeLessThan(Math.log(0.07 / 0.97));
    for (const weak of [false, true])
      expect(frameConfidence({ ...still, weak }).value).toBeLessThan(
        frameConfidence({ ...good, weak }).value,
      );
  });

  it('trusts detectors differently, whatever the case of their names', () => {
    const of = (detector: string): number =>
      frameConfidence({ ...good, weak: true, inliers: 20, detector }).value;
    expect(of('orb')).toBe(of('ORB'));
    expect(of('ORB')).not.toBe(of('SIFT'));
    expect(of('XFeat')).toBe(of('SIFT'));
  });

  it('does not depend on the gain, which makes all velocities faster', () => {
    const fast: Velocity = [0, 0, 0, 0, 0, 1.6];
    const { value } = frameConfidence({ ...good, gain: 4, velocity: fast, ibvs: fast });
    expect(value).toBeCloseTo(frameConfidence(good).value, 10);
  });

  it('has the coefficients that the calibration says', async () => {
    const file = path.resolve(
      import.meta.dirname,
      '../../../../../evaluation/cns/confidence/calibration.json',
    );
    const { features, coefficients, withinDegrees } = JSON.parse(await readFile(file, 'utf8')) as {
      features: unknown;
      coefficients: unknown;
      withinDegrees: unknown;
    };
    expect(features).toEqual(CONFIDENCE_FEATURES);
    expect(coefficients).toEqual(CONFIDENCE_MODEL);
    expect(withinDegrees).toBe(30);
    for (const { tracking, weak } of Object.values(CONFIDENCE_MODEL)) {
      // Eleven features, and the products of any two of the seven that vary.
      expect(tracking).toHaveLength(11 + 28);
      expect(weak).toHaveLength(11);
    }
  });
});
