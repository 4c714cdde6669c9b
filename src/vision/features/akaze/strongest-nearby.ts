/** Points with the radius within which a stronger one suppresses them. */
export interface NearbyPoints {
  /** `[n]` pixels of the image. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** `[n]`: a point is dropped when a stronger one is nearer than this. */
  readonly radius: Float32Array;
  /** `[n]`: larger is stronger. */
  readonly strength: Float32Array;
}

const CELL = 16;

/**
 * Non-maximum suppression: rows of the points that have no stronger kept point within their radius, strongest first;
 * ties are ordered by row.
 */
export function strongestNearby({ x, y, radius, strength }: NearbyPoints): Int32Array {
  const byStrength = Int32Array.from(x.keys()).sort((a, b) => strength[b] - strength[a] || a - b);
  const cellOf = (at: number): number => Math.max(0, Math.floor(at / CELL));
  const columns = x.reduce((most, at) => Math.max(most, cellOf(at)), 0) + 1;
  const rows = y.reduce((most, at) => Math.max(most, cellOf(at)), 0) + 1;
  // Linked lists of the kept points per cell: `last` is the head, `before` the next entry.
  const last = new Int32Array(columns * rows).fill(-1);
  const before = new Int32Array(x.length).fill(-1);
  const isCrowded = (row: number): boolean => {
    const [px, py, reach] = [x[row], y[row], radius[row]];
    const right = Math.min(columns - 1, cellOf(px + reach));
    const bottom = Math.min(rows - 1, cellOf(py + reach));
    for (let v = cellOf(py - reach); v <= bottom; v++) {
      for (let u = cellOf(px - reach); u <= right; u++) {
        for (let k = last[v * columns + u]; k >= 0; k = before[k]) {
          if ((x[k] - px) ** 2 + (y[k] - py) ** 2 < reach * reach) return true;
        }
      }
    }
    return false;
  };
  return byStrength.filter((row) => {
    if (isCrowded(row)) return false;
    const cell = cellOf(y[row]) * columns + cellOf(x[row]);
    before[row] = last[cell];
    last[cell] = row;
    return true;
  });
}
