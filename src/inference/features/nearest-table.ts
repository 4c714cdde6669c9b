/** Nearest neighbours between two descriptor sets, filled by a comparison of every goal row with every current row. */
export interface NearestTable {
  /** `[n0]` nearest current row of each goal row. */
  readonly nearest: Int32Array;
  /** `[n0]` its distance (for floats: squared). */
  readonly best: Float32Array;
  /** `[n0]` distance of the second nearest current row (for floats: squared). */
  readonly second: Float32Array;
  /** `[n1]` nearest goal row of each current row. */
  readonly nearestGoal: Int32Array;
}

/** An empty table for `n0` goal rows and `n1` current rows. */
export function createNearestTable(n0: number, n1: number): NearestTable {
  return {
    nearest: new Int32Array(n0),
    best: new Float32Array(n0).fill(Infinity),
    second: new Float32Array(n0).fill(Infinity),
    nearestGoal: new Int32Array(n1).fill(-1),
  };
}
