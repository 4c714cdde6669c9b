import { nearestByTable, type NearestTable } from './nearest-table.js';
import type { FloatDescriptors } from './types.js';

/**
 * Compares all rows of two sets of vectors by squared Euclidean distance, computed as |a|^2 + |b|^2 - 2 a.b. The
 * vectors need not be normalised.
 * @param currentPoints `[n1, 2]` pixels
 */
export function nearestByEuclidean(
  goal: FloatDescriptors,
  current: FloatDescriptors,
  currentPoints: Float32Array,
): NearestTable {
  const { width } = goal;
  const squaredGoal = squaredLengths(goal.data, width);
  const squaredCurrent = squaredLengths(current.data, width);
  const distances = new Float32Array(squaredGoal.length * squaredCurrent.length);
  for (let i = 0, at = 0; i < squaredGoal.length; i++) {
    for (let j = 0; j < squaredCurrent.length; j++, at++) {
      const dot = dotProduct(goal.data, i * width, current.data, j * width, width);
      // Rounding can make the distance of equal rows slightly negative.
      distances[at] = Math.max(0, squaredGoal[i] + squaredCurrent[j] - 2 * dot);
    }
  }
  return nearestByTable(distances, currentPoints);
}

// eslint-disable-next-line max-params -- innermost loop: an options object would be allocated a million times
function dotProduct(a: Float32Array, p: number, b: Float32Array, q: number, width: number): number {
  let even = 0;
  let odd = 0;
  let c = 0;
  // Two accumulators break the dependency chain between additions.
  for (; c + 1 < width; c += 2) {
    even += a[p + c] * b[q + c];
    odd += a[p + c + 1] * b[q + c + 1];
  }
  if (c < width) even += a[p + c] * b[q + c];
  return even + odd;
}

function squaredLengths(data: Float32Array, width: number): Float64Array {
  return Float64Array.from({ length: data.length / width }, (_, i) =>
    dotProduct(data, i * width, data, i * width, width),
  );
}
