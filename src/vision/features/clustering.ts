import { createSeededRandom, type Random } from '../geometry/two-view/seeded-random.js';

/** Goal points grouped into clusters, which are the nodes of the CNS network. C clusters over N points. */
export interface Clusters {
  readonly count: number;
  /** `[C, N]`: 1 where the point belongs to the cluster, else 0; every column sums to 1. */
  readonly member: Float32Array;
  /** `[C, 2]`: position of the member that represents the cluster, in the points' units. */
  readonly center: Float32Array;
  /** `[N]` cluster of each point, 0..C-1. */
  readonly labels: Int32Array;
}

/** With at most this many points, each point is its own cluster. */
const MAX_SINGLE_POINT_CLUSTERS = 16;

const LLOYD_STEPS = 8;
const SEED = 20;

/** Clusters of points that were grouped before. @param labels of {@link clusterPoints} for the same points */
export function rebuildClusters(points: Float32Array, labels: Int32Array): Clusters {
  return toClusters(points, withoutGaps(labels));
}

/**
 * Groups goal points deterministically: k-means with max(4, round(0.9 sqrt N)) clusters and k-means++ seeding (Arthur
 * and Vassilvitskii 2007). Returns fewer clusters when there are fewer distinct points.
 * @param points `[N, 2]`, usually on the normalised plane
 */
export function clusterPoints(points: Float32Array): Clusters {
  const n = points.length / 2;
  if (n <= MAX_SINGLE_POINT_CLUSTERS)
    return toClusters(
      points,
      Int32Array.from({ length: n }, (_, i) => i),
    );
  const clusterCount = Math.max(4, Math.round(0.9 * Math.sqrt(n)));
  const centres = seedCentres(points, clusterCount, createSeededRandom(SEED));
  let labels = assign(points, centres);
  for (let step = 0; step < LLOYD_STEPS; step++) {
    moveToMeans(points, labels, centres);
    labels = assign(points, centres);
  }
  return toClusters(points, withoutGaps(labels));
}

function seedCentres(points: Float32Array, clusterCount: number, random: Random): Float64Array {
  const n = points.length / 2;
  const chosen = [Math.floor(random() * n)];
  const nearest = new Float64Array(n).fill(Infinity);
  while (chosen.length < clusterCount) {
    const last = chosen[chosen.length - 1];
    for (let i = 0; i < n; i++) nearest[i] = Math.min(nearest[i], squaredDistance(points, i, points, last));
    const next = drawByWeight(nearest, random);
    if (next < 0) break;
    chosen.push(next);
  }
  return Float64Array.from(chosen.flatMap((i) => [points[2 * i], points[2 * i + 1]]));
}

/** Draws an index with probability proportional to its weight; -1 when all weights are zero. */
function drawByWeight(weights: Float64Array, random: Random): number {
  let rest = random() * weights.reduce((sum, weight) => sum + weight, 0);
  let last = -1;
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue;
    last = i;
    rest -= weights[i];
    if (rest < 0) break;
  }
  return last;
}

function assign(points: Float32Array, centres: Float64Array): Int32Array {
  return Int32Array.from({ length: points.length / 2 }, (_, i) => {
    let nearest = 0;
    for (let k = 1; k < centres.length / 2; k++) {
      if (squaredDistance(points, i, centres, k) < squaredDistance(points, i, centres, nearest)) nearest = k;
    }
    return nearest;
  });
}

/** The centre of an empty cluster stays where it is. */
function moveToMeans(points: Float32Array, labels: Int32Array, centres: Float64Array): void {
  const sums = new Float64Array(centres.length);
  const sizes = new Int32Array(centres.length / 2);
  labels.forEach((k, i) => {
    sums[2 * k] += points[2 * i];
    sums[2 * k + 1] += points[2 * i + 1];
    sizes[k]++;
  });
  sizes.forEach((size, k) => {
    if (size > 0) centres.set([sums[2 * k] / size, sums[2 * k + 1] / size], 2 * k);
  });
}

/** Renumbers labels in order of first appearance, which drops empty clusters. */
function withoutGaps(labels: Int32Array): Int32Array {
  const numbers = new Map<number, number>();
  return labels.map((label) => {
    const number = numbers.get(label) ?? numbers.size;
    numbers.set(label, number);
    return number;
  });
}

function toClusters(points: Float32Array, labels: Int32Array): Clusters {
  const n = labels.length;
  const members = new Map<number, number[]>();
  labels.forEach((label, i) => members.set(label, [...(members.get(label) ?? []), i]));
  const count = members.size;
  const member = new Float32Array(count * n);
  const center = new Float32Array(count * 2);
  for (const [k, rows] of members) {
    for (const i of rows) member[k * n + i] = 1;
    const i = mostCentral(points, rows);
    center.set([points[2 * i], points[2 * i + 1]], 2 * k);
  }
  return { count, member, center, labels };
}

/** The row nearest to the coordinate-wise median of `rows`. */
function mostCentral(points: Float32Array, rows: readonly number[]): number {
  const middle = Float64Array.of(
    median(rows.map((i) => points[2 * i])),
    median(rows.map((i) => points[2 * i + 1])),
  );
  const distance = (i: number): number => squaredDistance(points, i, middle, 0);
  return rows.reduce((best, i) => (distance(i) < distance(best) ? i : best));
}

function median(values: number[]): number {
  const sorted = values.sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

type Points = Float32Array | Float64Array;

function squaredDistance(a: Points, i: number, b: Points, j: number): number {
  const dx = a[2 * i] - b[2 * j];
  const dy = a[2 * i + 1] - b[2 * j + 1];
  return dx * dx + dy * dy;
}
