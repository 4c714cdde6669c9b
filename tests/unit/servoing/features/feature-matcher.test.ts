import path from 'node:path';
import {
  openFeatureMatcher,
  type FeatureMatcher,
} from '../../../../src/servoing/features/feature-matcher.js';
import { createSeededRandom } from '../../../../src/vision/geometry/two-view/seeded-random.js';
import { matchFeatures } from '../../../../src/vision/features/matcher.js';
import type { Features } from '../../../../src/vision/features/types.js';

const modelsDirectory = path.resolve(import.meta.dirname, '../../../../../models');

/** Vectors of `width` numbers; those of `seed` 1 and 2 agree in the first half of the rows but for noise. */
function features(count: number, seed: number, width = 32): Features {
  const [shared, own] = [createSeededRandom(9), createSeededRandom(seed)];
  const base = Float32Array.from({ length: count * width }, () => shared() - 0.5);
  const data = base.map((value, k) => (k < (count * width) / 2 ? value + 0.1 * (own() - 0.5) : own() - 0.5));
  const points = Float32Array.from({ length: 2 * count }, (_, k) => 10 * (k >> 1) + (k & 1));
  const zeros = new Float32Array(count);
  return {
    count,
    points,
    scores: zeros,
    sizes: zeros,
    angles: zeros,
    descriptors: { kind: 'float', width, data },
  };
}

let matcher: FeatureMatcher;
beforeAll(async () => {
  matcher = await openFeatureMatcher('float', modelsDirectory);
});
afterAll(() => matcher.close());

describe('matching real vectors by a network', () => {
  it('pairs the rows that belong together', async () => {
    const { goalIndex, currentIndex } = (await matcher.compare(features(80, 1), features(80, 2))).matches();
    const related = Array.from({ length: 40 }, (_, k) => k);
    // One or another of the unrelated rows may pass the ratio test by chance.
    expect([...goalIndex].slice(0, 40)).toEqual(related);
    expect([...currentIndex].slice(0, 40)).toEqual(related);
    expect(goalIndex.length).toBeLessThan(44);
  });

  it('agrees with the comparison one by one, distances included', async () => {
    const [goal, current] = [features(60, 3), features(90, 4)];
    const compared = await matcher.compare(goal, current);
    const [found, expected] = [compared.matches(0.95), matchFeatures(goal, current, 0.95)];
    expect(found.count).toBeGreaterThan(10);
    expect([...found.goalIndex]).toEqual([...expected.goalIndex]);
    expect([...found.currentIndex]).toEqual([...expected.currentIndex]);
    found.distances.forEach((distance, k) => expect(distance).toBeCloseTo(expected.distances[k], 4));
  });

  it.each([
    [0, 50],
    [50, 0],
    [50, 1],
    [0, 0],
  ])('finds nothing between %i and %i rows', async (goal, current) => {
    expect((await matcher.compare(features(goal, 1), features(current, 2))).matches().count).toBe(0);
  });

  it('refuses vectors of different length', async () => {
    await expect(matcher.compare(features(9, 1), features(9, 2, 64))).rejects.toMatchObject({
      code: 'DESCRIPTOR_MISMATCH',
    });
  });
});

describe('feature matcher', () => {
  it('says when the network is missing', async () => {
    await expect(openFeatureMatcher('float', '/nowhere')).rejects.toMatchObject({
      code: 'NETWORK_NOT_FOUND',
    });
    await expect(openFeatureMatcher('binary', '/nowhere')).resolves.toBeDefined();
  });
});
