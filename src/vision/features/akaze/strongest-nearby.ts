/** Points that may lie on one another. */
export interface NearbyPoints {
  /** `[n]` pixels of the image. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** `[n]`: a point gives way to a stronger one nearer than this. */
  readonly radius: Float32Array;
  /** `[n]`: larger is stronger. */
  readonly strength: Float32Array;
}

const CELL = 16;

/** Rows of the points that no stronger one of those that stay is too near to, strongest first; ties by row. */
export function strongestNearby({ x, y, radius, strength }: NearbyPoints): Int32Array {
  const byStrength = Int32Array.from(x.keys()).sort((a, b) => strength[b] - strength[a] || a - b);
  const cellOf = (at: number): number => Math.max(0, Math.floor(at / CELL));
  const columns = x.reduce((most, at) => Math.max(most, cellOf(at)), 0) + 1;
  const rows = y.reduce((most, at) => Math.max(most, cellOf(at)), 0) + 1;
  // Lists of the points of each cell: its last one, and the one before each.
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
