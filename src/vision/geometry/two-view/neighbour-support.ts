import type { PointPairs } from './point-pairs.js';

/** Number of neighbours considered per goal point. */
const NEIGHBOURS = 12;
/** Factor by which neighbours may move apart and still count as moving together. */
const STRETCH = 2.5;

/**
 * Scores how consistently each pair moves with its neighbours: correct matches of neighbouring goal points stay close
 * together in the current image, wrong ones land anywhere (the idea of grid-based motion statistics, Bian et al. 2017).
 * Each neighbour that stays near adds minus the logarithm of the probability that it does so by chance.
 * @returns `[n]`, at least 0, larger is more trustworthy
 */
export function neighbourSupport({ count, data }: PointPairs): Float64Array {
  const area = boundingArea(data, count);
  const support = new Float64Array(count);
  const nearest = new Int32Array(Math.min(NEIGHBOURS, Math.max(0, count - 1)));
  const squares = new Float64Array(nearest.length);
  for (let i = 0; i < count; i++) {
    findNearest({ data, count }, i, { nearest, squares });
    for (let k = 0; k < nearest.length; k++) {
      const reach = STRETCH * STRETCH * squares[k];
      const chance = Math.min(1, (Math.PI * reach) / area);
      if (squaredGap(data, 4 * i + 2, 4 * nearest[k] + 2) <= reach && chance > 0)
        support[i] -= Math.log(chance);
    }
  }
  return support;
}

/** Writes the nearest goal points of pair `i` and their squared distances, nearest first. */
function findNearest(
  { data, count }: Pick<PointPairs, 'data' | 'count'>,
  i: number,
  { nearest, squares }: { readonly nearest: Int32Array; readonly squares: Float64Array },
): void {
  const size = nearest.length;
  squares.fill(Infinity);
  for (let j = 0; j < count; j++) {
    if (j === i) continue;
    const square = squaredGap(data, 4 * i, 4 * j);
    if (square >= squares[size - 1]) continue;
    let k = size - 1;
    for (; k > 0 && squares[k - 1] > square; k--) {
      squares[k] = squares[k - 1];
      nearest[k] = nearest[k - 1];
    }
    squares[k] = square;
    nearest[k] = j;
  }
}

function squaredGap(data: Float64Array, a: number, b: number): number {
  const dx = data[a] - data[b];
  const dy = data[a + 1] - data[b + 1];
  return dx * dx + dy * dy;
}

/** Area of the bounding box of the current points. */
function boundingArea(data: Float64Array, count: number): number {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < count; i++) {
    left = Math.min(left, data[4 * i + 2]);
    right = Math.max(right, data[4 * i + 2]);
    top = Math.min(top, data[4 * i + 3]);
    bottom = Math.max(bottom, data[4 * i + 3]);
  }
  return Math.max(1e-12, (right - left) * (bottom - top));
}
