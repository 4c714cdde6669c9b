import { float32Tensor } from '../runtime/tensor-session.js';
import type { FitFrame } from '../../vision/servoing/point-fit/point-fit.js';
import type { GoalSize, ServoGoal } from '../../vision/servoing/servo-policy.js';
import type { GoalFeatures, NamedTensors } from './cns-tensors.js';

/** What changes from frame to frame; of the current positions only visible rows are read. */
export interface VisibleFrame extends FitFrame {
  /** `[C, w]` */
  readonly hidden: Float32Array;
}

/**
 * Feeds of the graph `twist`: `cur [M,2]`, `vis [M]`, `tar [M,2]`, `center [C,2]`, `member [C,M]`, `hidden [C,w]`, `g_dst [C,w]`,
 * `g_att [M,w]`, `g_val [M,w]`. It sums over the visible points of each cluster, so it gets no others. The arrays are used
 * again for the next frame.
 */
export class VisibleFeeds {
  readonly #goal: ServoGoal;
  readonly #features: GoalFeatures;
  readonly #size: GoalSize;
  readonly #width: number;
  readonly #current: Float32Array;
  readonly #visible: Float32Array;
  readonly #target: Float32Array;
  readonly #member: Float32Array;
  readonly #logits: Float32Array;
  readonly #values: Float32Array;

  constructor(goal: ServoGoal, features: GoalFeatures, size: GoalSize) {
    const { points, clusters } = size;
    this.#goal = goal;
    this.#features = features;
    this.#size = size;
    this.#width = features.g_dst.length / clusters;
    this.#current = new Float32Array(2 * points);
    this.#visible = new Float32Array(points).fill(1);
    this.#target = new Float32Array(2 * points);
    this.#member = new Float32Array(clusters * points);
    this.#logits = new Float32Array(points * this.#width);
    this.#values = new Float32Array(points * this.#width);
  }

  /** Feeds of a frame, valid until the next call. */
  of({ current, rows, hidden }: Omit<VisibleFrame, 'verified'>): NamedTensors {
    const { clusters } = this.#size;
    const width = this.#width;
    const { g_dst: queries, g_att: logits, g_val: values } = this.#features;
    rows.forEach((row, place) => {
      copyRow({ from: current, to: this.#current, width: 2 }, row, place);
      copyRow({ from: this.#goal.points, to: this.#target, width: 2 }, row, place);
      copyRow({ from: logits, to: this.#logits, width }, row, place);
      copyRow({ from: values, to: this.#values, width }, row, place);
    });
    this.#gatherMembers(rows);
    const seen = rows.length;
    const tensor = (data: Float32Array, dims: readonly [number, number]) =>
      float32Tensor(data.subarray(0, dims[0] * dims[1]), dims);
    return {
      cur: tensor(this.#current, [seen, 2]),
      vis: float32Tensor(this.#visible.subarray(0, seen), [seen]),
      tar: tensor(this.#target, [seen, 2]),
      center: tensor(this.#goal.center, [clusters, 2]),
      member: tensor(this.#member, [clusters, seen]),
      hidden: tensor(hidden, [clusters, width]),
      g_dst: tensor(queries, [clusters, width]),
      g_att: tensor(this.#logits, [seen, width]),
      g_val: tensor(this.#values, [seen, width]),
    };
  }

  #gatherMembers(rows: readonly number[]): void {
    const { points, clusters } = this.#size;
    for (let cluster = 0; cluster < clusters; cluster += 1)
      for (let place = 0; place < rows.length; place += 1)
        this.#member[cluster * rows.length + place] = this.#goal.member[cluster * points + rows[place]];
  }
}

function copyRow(
  { from, to, width }: { readonly from: Float32Array; readonly to: Float32Array; readonly width: number },
  row: number,
  place: number,
): void {
  for (let k = 0; k < width; k += 1) to[place * width + k] = from[row * width + k];
}
