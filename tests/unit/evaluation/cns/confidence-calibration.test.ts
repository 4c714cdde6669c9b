import { fitLogistic } from '../../../../evaluation/cns/confidence/logistic-fit.js';
import { probabilityOf } from '../../../../src/vision/servoing/confidence.js';
import { reliabilityOf } from '../../../../evaluation/cns/confidence/reliability.js';
import {
  baselineDegrees,
  drawAside,
  drawSweeps,
  WIDE_SCENES,
} from '../../../../evaluation/cns/wide-baselines.js';
import { createSeededRandom } from '../../../../src/vision/geometry/two-view/seeded-random.js';

const random = createSeededRandom(3);

describe('logistic fit', () => {
  it('finds the coefficients that drew the answers', () => {
    const truth = [-0.5, 1.2, -0.8];
    const observations = Array.from({ length: 20_000 }, () => {
      const features = [1, 4 * random() - 2, 4 * random() - 2];
      return { features, right: random() < probabilityOf(features, truth) };
    });
    fitLogistic(observations, () => 1).forEach((value, k) =>
      expect(Math.abs(value - truth[k])).toBeLessThan(0.08),
    );
  });

  it('stays finite where the answers can be separated', () => {
    const observations = [-1, 1].map((value) => ({ features: [1, value], right: value > 0 }));
    for (const value of fitLogistic(observations, () => 1)) expect(Math.abs(value)).toBeLessThan(10);
  });
});

describe('reliability', () => {
  it('of honest forecasts has no error but that of chance, of boasting ones the boast', () => {
    const honest = Array.from({ length: 20_000 }, () => {
      const stated = random();
      return { stated, right: random() < stated };
    });
    const { bins, calibrationError, brier, brierOfConstant } = reliabilityOf(honest);
    expect(bins).toHaveLength(10);
    for (const { observed, interval } of bins) {
      expect(interval[0]).toBeLessThan(observed);
      expect(interval[1]).toBeGreaterThan(observed);
    }
    expect(calibrationError).toBeLessThan(0.03);
    // Of a uniform probability: the mean of p(1 - p), a sixth, against a quarter.
    expect(brier).toBeCloseTo(1 / 6, 2);
    expect(brierOfConstant).toBeCloseTo(1 / 4, 2);
    const boasting = honest.map(({ stated, right }) => ({ stated: Math.min(1, stated + 0.3), right }));
    expect(reliabilityOf(boasting).calibrationError).toBeGreaterThan(0.2);
  });
});

describe('wide baselines', () => {
  const centre = [0, 0, 0.05] as const;
  const truth = { sceneCentre: centre, goalDistance: 0.7, points: [centre] };

  it('are the same each time, in their ranges at both ends', () => {
    const view = { truthAt: () => truth, overlap: () => 1 };
    const sweeps = drawSweeps(WIDE_SCENES[0], 4, view);
    expect(drawSweeps(WIDE_SCENES[0], 4, view)).toEqual(sweeps);
    expect(sweeps).toHaveLength(12);
    for (const { goal, poses, baseline } of sweeps) {
      expect(poses).toHaveLength(4);
      for (const end of [poses[0], poses[3]]) {
        const angle = baselineDegrees(goal, end, centre);
        expect(angle).toBeGreaterThanOrEqual(baseline[0] - 1e-9);
        expect(angle).toBeLessThanOrEqual(baseline[1] + 1e-9);
      }
    }
  });

  it('have frames beside that show nothing of the goal', () => {
    const [sweep] = drawSweeps(WIDE_SCENES[0], 2, { truthAt: () => truth, overlap: () => 1 });
    expect(drawAside(sweep, 3, () => 0)).toHaveLength(3);
    expect(() => drawAside(sweep, 1, () => 0.5)).toThrow('mixed');
  });
});
