import { clusterPoints, rebuildClusters, type Clusters } from '../../../../src/vision/features/clustering.js';
import { createSeededRandom } from '../../../../src/vision/geometry/two-view/seeded-random.js';
import { gaussian } from '../geometry/two-view-scenes.js';

const random = createSeededRandom(2);
const scattered = (n: number): Float32Array => Float32Array.from({ length: 2 * n }, () => random() - 0.5);

function membersOf({ member, labels }: Clusters, k: number): number[] {
  return [...member.subarray(k * labels.length, (k + 1) * labels.length).keys()].filter(
    (i) => member[k * labels.length + i] === 1,
  );
}

/** Sum of squared distances of the points to the mean of their cluster. */
function spreadWithin(points: Float32Array, clusters: Clusters): number {
  let sum = 0;
  for (let k = 0; k < clusters.count; k++) {
    const rows = membersOf(clusters, k);
    for (const axis of [0, 1]) {
      const mean = rows.reduce((total, i) => total + points[2 * i + axis], 0) / rows.length;
      for (const i of rows) sum += (points[2 * i + axis] - mean) ** 2;
    }
  }
  return sum;
}

describe('clusterPoints', () => {
  it.each([0, 1, 4, 16])('gives each of %i points its own cluster', (n) => {
    const points = scattered(n);
    const clusters = clusterPoints(points);
    expect(clusters.count).toBe(n);
    expect([...clusters.labels]).toEqual([...Array(n).keys()]);
    expect([...clusters.center]).toEqual([...points]);
  });

  it.each([
    [17, 4],
    [100, 9],
    [256, 14],
    [512, 20],
  ])('puts each of %i points into one of %i clusters', (n, count) => {
    const points = scattered(n);
    const clusters = clusterPoints(points);
    expect(clusters.count).toBe(count);
    expect(clusters.member.length).toBe(count * n);
    const seen = Array.from({ length: count }, (_, k) => membersOf(clusters, k));
    expect(seen.flat().sort((a, b) => a - b)).toEqual([...Array(n).keys()]);
    seen.forEach((rows, k) => {
      expect(rows.length).toBeGreaterThan(0);
      rows.forEach((i) => expect(clusters.labels[i]).toBe(k));
      const inCluster = rows.map((i) => [points[2 * i], points[2 * i + 1]]);
      expect(inCluster).toContainEqual([clusters.center[2 * k], clusters.center[2 * k + 1]]);
    });
  });

  it('takes as centre the member nearest to the median, untouched by one far member', () => {
    const points = Float32Array.from([0, 0, 1, 0, 2, 0, 3, 0, 90, 0]);
    // Far groups make this one cluster of five.
    const far = [1000, 2000, 3000].flatMap((x) => Array.from({ length: 5 }, (_, k) => [x + k, 5000]));
    const clusters = clusterPoints(Float32Array.from([...points, ...far.flat()]));
    expect(clusters.count).toBe(4);
    const k = clusters.labels[0];
    expect(membersOf(clusters, k)).toEqual([0, 1, 2, 3, 4]);
    expect([clusters.center[2 * k], clusters.center[2 * k + 1]]).toEqual([2, 0]);
  });

  it('finds groups that are plainly apart', () => {
    const groups = Array.from({ length: 9 }, (_, g) => [g % 3, Math.floor(g / 3)]);
    const points = Float32Array.from(
      groups.flatMap(([x, y]) =>
        Array.from({ length: 11 }, () => [x + 0.05 * gaussian(random), y + 0.05 * gaussian(random)]).flat(),
      ),
    );
    const clusters = clusterPoints(points);
    expect(clusters.count).toBe(9);
    // Nine tight groups: nearly all of the spread lies between clusters, of which k-means may merge and split one pair.
    const total = spreadWithin(points, { ...clusters, count: 1, member: new Float32Array(99).fill(1) });
    expect(spreadWithin(points, clusters)).toBeLessThan(0.1 * total);
  });

  it('makes fewer clusters of fewer different points', () => {
    const points = Float32Array.from({ length: 200 }, (_, k) => [7, 8][k % 2] + (k < 100 ? 0 : 1));
    const clusters = clusterPoints(points);
    expect(clusters.count).toBe(2);
    expect(membersOf(clusters, clusters.labels[99])).toHaveLength(50);
  });

  it.each([16, 300])('is the same for %i points when only the clusters of the points were kept', (n) => {
    const points = scattered(n);
    const clusters = clusterPoints(points);
    expect(rebuildClusters(points, clusters.labels)).toEqual(clusters);
  });

  it('gives the same answer each time', () => {
    const points = scattered(300);
    expect(clusterPoints(points)).toEqual(clusterPoints(points));
  });
});
