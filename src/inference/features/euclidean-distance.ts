import { createNearestTable, type NearestTable } from './nearest-table.js';
import type { FloatDescriptors } from './types.js';

/**
 * Compares all rows of two sets of vectors by squared Euclidean distance, |a|^2 + |b|^2 - 2 a.b, which holds for
 * vectors of any length. Ties go to the lower row.
 */
export function nearestByEuclidean(goal: FloatDescriptors, current: FloatDescriptors): NearestTable {
  const { width } = goal;
  const a = goal.data;
  const b = current.data;
  const n0 = a.length / width;
  const n1 = b.length / width;
  const table = createNearestTable(n0, n1);
  const squaredB = squaredLengths(b, width);
  const squaredA = squaredLengths(a, width);
  const bestOfColumn = new Float32Array(n1).fill(Infinity);
  for (let i = 0; i < n0; i++) {
    for (let j = 0; j < n1; j++) {
      const dot = dotProduct(a, i * width, b, j * width, width);
      // Rounding can leave a tiny negative for equal rows.
      record(table, i, j, Math.max(0, squaredA[i] + squaredB[j] - 2 * dot), bestOfColumn);
    }
  }
  return table;
}

// eslint-disable-next-line max-params -- innermost loop: an options object here would be allocated a million times
function record(table: NearestTable, i: number, j: number, distance: number, bestOfColumn: Float32Array): void {
  if (distance < table.best[i]) {
    table.second[i] = table.best[i];
    table.best[i] = distance;
    table.nearest[i] = j;
  } else if (distance < table.second[i]) table.second[i] = distance;
  if (distance < bestOfColumn[j]) {
    bestOfColumn[j] = distance;
    table.nearestGoal[j] = i;
  }
}

// eslint-disable-next-line max-params -- innermost loop, see above
function dotProduct(a: Float32Array, p: number, b: Float32Array, q: number, width: number): number {
  let even = 0;
  let odd = 0;
  let c = 0;
  // Two running sums: the additions of one need not wait for those of the other.
  for (; c + 1 < width; c += 2) {
    even += a[p + c] * b[q + c];
    odd += a[p + c + 1] * b[q + c + 1];
  }
  if (c < width) even += a[p + c] * b[q + c];
  return even + odd;
}

function squaredLengths(data: Float32Array, width: number): Float64Array {
  return Float64Array.from({ length: data.length / width }, (_, i) => dotProduct(data, i * width, data, i * width, width));
}
