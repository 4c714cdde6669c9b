/** Nearest neighbours between two descriptor sets, filled by a comparison of every goal row with every current row. */
export interface NearestTable {
  /** `[n0]` nearest current row of each goal row. */
  readonly nearest: Int32Array;
  /** `[n0]` its distance (for floats: squared). */
  readonly best: Float64Array;
  /** `[n0]` distance of the nearest current row that lies elsewhere in the image (for floats: squared). */
  readonly second: Float64Array;
  /** `[n1]` nearest goal row of each current row. */
  readonly nearestGoal: Int32Array;
}

/** Takes distances row by row into a {@link NearestTable}. */
export interface NearestRecorder {
  readonly table: NearestTable;
  /** Records the distances of goal row `i` to all current rows. Ties go to the lower row. */
  record(i: number, distances: Int32Array | Float32Array | Float64Array): void;
}

/**
 * Current points nearer than this (pixels) to the best one show the same corner, found on another level of the pyramid.
 * They do not count as second best, or the ratio test would throw out the corners that are found most reliably
 * (Mishkin et al. 2015 call it the first geometrically inconsistent neighbour). Brings a seventh more right matches.
 */
const SAME_CORNER_RADIUS = 4;

/**
 * Recorder for `goalCount` rows against the current rows.
 * @param currentPoints `[n1, 2]` pixels
 */
export function createNearestRecorder(goalCount: number, currentPoints: Float32Array): NearestRecorder {
  const currentCount = currentPoints.length / 2;
  const table: NearestTable = {
    nearest: new Int32Array(goalCount),
    best: new Float64Array(goalCount).fill(Infinity),
    second: new Float64Array(goalCount).fill(Infinity),
    nearestGoal: new Int32Array(currentCount).fill(-1),
  };
  const bestOfColumn = new Float64Array(currentCount).fill(Infinity);
  const record: NearestRecorder['record'] = (i, distances) => {
    let best = Infinity;
    let nearest = 0;
    for (let j = 0; j < currentCount; j++) {
      const distance = distances[j];
      if (distance < best) {
        best = distance;
        nearest = j;
      }
      if (distance < bestOfColumn[j]) {
        bestOfColumn[j] = distance;
        table.nearestGoal[j] = i;
      }
    }
    table.nearest[i] = nearest;
    table.best[i] = best;
    table.second[i] = secondElsewhere(distances, currentPoints, nearest);
  };
  return { table, record };
}

function secondElsewhere(
  distances: Int32Array | Float32Array | Float64Array,
  points: Float32Array,
  nearest: number,
): number {
  const [x, y] = [points[2 * nearest], points[2 * nearest + 1]];
  let second = Infinity;
  for (let j = 0; j < points.length / 2; j++) {
    if (!(distances[j] < second)) continue;
    const [dx, dy] = [points[2 * j] - x, points[2 * j + 1] - y];
    if (j !== nearest && dx * dx + dy * dy >= SAME_CORNER_RADIUS ** 2) second = distances[j];
  }
  return second;
}
