import type { PointPairs } from './point-pairs.js';

/**
 * Whether the selected points lie on one line in either image. The fundamental matrix is then degenerate: any point
 * paired with a point of the line agrees with it, so agreement carries no information.
 * @param chosen `[n]` 1 for the selected pairs
 * @param deviation largest standard deviation across the line, pixels
 */
export function liesOnLine(pairs: PointPairs, chosen: Uint8Array, deviation: number): boolean {
  return [0, 2].some((image) => deviationAcross(pairs, chosen, image) < deviation);
}

/** Standard deviation of points across their main direction, pixels: the root of their covariance's smaller eigenvalue. */
function deviationAcross({ count, data, scale }: PointPairs, chosen: Uint8Array, image: number): number {
  let [n, sumX, sumY, xx, xy, yy] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    if (chosen[i] === 0) continue;
    const [x, y] = [data[4 * i + image], data[4 * i + image + 1]];
    n += 1;
    sumX += x;
    sumY += y;
    xx += x * x;
    xy += x * y;
    yy += y * y;
  }
  if (n === 0) return 0;
  const [varX, covariance, varY] = [
    xx / n - (sumX / n) ** 2,
    xy / n - (sumX * sumY) / n ** 2,
    yy / n - (sumY / n) ** 2,
  ];
  const smaller = (varX + varY) / 2 - Math.hypot((varX - varY) / 2, covariance);
  return Math.sqrt(Math.max(0, smaller)) / scale;
}
