import type { Followed } from './follow-node.js';

/** Weight of the smoothness term relative to a fully trusted node. */
const SMOOTHNESS = 0.3;
const SWEEPS = 60;
const OVERRELAXATION = 1.6;
/**
 * Deviation in pixels from the smooth motion at which a node's weight is one half; such nodes lie on independently
 * moving objects.
 */
const OUTLIER_PIXELS = 1;
const REWEIGHTINGS = 3;

/** Motions of the nodes of a lattice, in row-major order. */
export class NodeMotions {
  readonly dx: Float32Array;
  readonly dy: Float32Array;
  /** Trust as three numbers per node; see {@link Followed}. */
  readonly #trust: Float32Array;

  constructor(
    readonly columns: number,
    readonly rows: number,
  ) {
    this.dx = new Float32Array(columns * rows);
    this.dy = new Float32Array(columns * rows);
    this.#trust = new Float32Array(3 * columns * rows);
  }

  /**
   * Stores the motion of a node; `scale` is the size of the level relative to the frame. `null` when the node was not
   * found.
   */
  note(node: number, found: Followed | null, scale: number): void {
    this.#trust.set(found?.trust ?? [0, 0, 0], 3 * node);
    if (found === null) return;
    this.dx[node] = found.moved[0] / scale;
    this.dy[node] = found.moved[1] / scale;
  }

  /**
   * Smooth motion field that fits the trusted nodes, by successive over-relaxation; nodes without trust, such as those
   * in a hole, are interpolated from their neighbours. Nodes that deviate from it get less weight.
   */
  smooth(): { readonly dx: Float32Array; readonly dy: Float32Array } {
    const { dx, dy } = this;
    const weight = new Float32Array(dx.length).fill(1);
    const out = { dx: new Float32Array(dx.length), dy: new Float32Array(dy.length) };
    for (let round = 0; round < REWEIGHTINGS; round += 1) {
      for (let sweep = 0; sweep < SWEEPS; sweep += 1) this.#relax(weight, out);
      for (let node = 0; node < weight.length; node += 1) {
        const [xx, xy, yy] = this.#trust.subarray(3 * node, 3 * node + 3);
        const [x, y] = [dx[node] - out.dx[node], dy[node] - out.dy[node]];
        weight[node] =
          1 / (1 + (xx * x * x + 2 * xy * x * y + yy * y * y) / (OUTLIER_PIXELS * OUTLIER_PIXELS));
      }
    }
    return out;
  }

  #relax(weight: Float32Array, out: { readonly dx: Float32Array; readonly dy: Float32Array }): void {
    const { columns, rows, dx, dy } = this;
    const trust = this.#trust;
    for (let node = 0; node < weight.length; node += 1) {
      const i = node % columns;
      const j = (node - i) / columns;
      // The lattice is extended by repeating its outermost nodes.
      const left = i > 0 ? node - 1 : node;
      const right = i < columns - 1 ? node + 1 : node;
      const above = j > 0 ? node - columns : node;
      const below = j < rows - 1 ? node + columns : node;
      const sumX = out.dx[left] + out.dx[right] + out.dx[above] + out.dx[below];
      const sumY = out.dy[left] + out.dy[right] + out.dy[above] + out.dy[below];
      const xx = weight[node] * trust[3 * node];
      const xy = weight[node] * trust[3 * node + 1];
      const yy = weight[node] * trust[3 * node + 2];
      const stiffness = 4 * SMOOTHNESS;
      const bx = xx * dx[node] + xy * dy[node] + SMOOTHNESS * sumX;
      const by = xy * dx[node] + yy * dy[node] + SMOOTHNESS * sumY;
      const determinant = (xx + stiffness) * (yy + stiffness) - xy * xy;
      const x = ((yy + stiffness) * bx - xy * by) / determinant;
      const y = ((xx + stiffness) * by - xy * bx) / determinant;
      out.dx[node] += OVERRELAXATION * (x - out.dx[node]);
      out.dy[node] += OVERRELAXATION * (y - out.dy[node]);
    }
  }
}
