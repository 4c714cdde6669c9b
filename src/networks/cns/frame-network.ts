import { PointFit } from '../../vision/servoing/point-fit/point-fit.js';
import type { GoalSize, ServoGoal } from '../../vision/servoing/servo-policy.js';
import { float32Tensor, type TensorSession } from '../runtime/tensor-session.js';
import { decodeFrame, encodeGoal, type DecodedFrame, type GoalFeatures } from './cns-tensors.js';
import { VisibleFeeds, type VisibleFrame } from './visible-feeds.js';

/** Graph of one frame: `twist` is the network's own answer, `step` also fits it to the points. */
export type FrameGraph = 'twist' | 'step';

/** A goal and what the goal graph gave for it. */
export interface KnownGoal {
  readonly goal: ServoGoal;
  readonly features: GoalFeatures;
  readonly size: GoalSize;
}

/** The part of the policy that is computed for every frame, for one goal. */
export interface FrameNetwork {
  /** @throws AppError `NETWORK_NON_FINITE`, and what the session throws */
  run(frame: VisibleFrame): Promise<DecodedFrame>;
}

/** Prepares the computation of frames by one of the two graphs. */
export function frameNetwork(graph: FrameGraph, session: TensorSession, known: KnownGoal): FrameNetwork {
  return graph === 'twist' ? new FittedTwist(session, known) : new WholeStep(session, known);
}

/** The network on the visible points alone; the fit, which needs no network, is computed here. */
class FittedTwist implements FrameNetwork {
  readonly #session: TensorSession;
  readonly #feeds: VisibleFeeds;
  readonly #fit: PointFit;
  readonly #hiddenShape: readonly [number, number];

  constructor(session: TensorSession, { goal, features, size }: KnownGoal) {
    this.#session = session;
    this.#feeds = new VisibleFeeds(goal, features, size);
    this.#fit = new PointFit(goal.points);
    this.#hiddenShape = [size.clusters, features.g_dst.length / size.clusters];
  }

  async run(frame: VisibleFrame): Promise<DecodedFrame> {
    const outputs = await this.#session.run(this.#feeds.of(frame));
    const { velocity, hidden } = decodeFrame(outputs, 'twist', this.#hiddenShape);
    return { velocity: this.#fit.fit(velocity, frame), hidden };
  }
}

/** Policies up to 1.2 without the graph `twist`: all goal points, network and fit in one graph. */
class WholeStep implements FrameNetwork {
  readonly #session: TensorSession;
  readonly #known: KnownGoal;

  constructor(session: TensorSession, known: KnownGoal) {
    this.#session = session;
    this.#known = known;
  }

  async run({ current, rows, hidden }: VisibleFrame): Promise<DecodedFrame> {
    const { goal, features, size } = this.#known;
    const { points, clusters } = size;
    // Rows that are not visible are (0, 0), which the graph multiplies by 0.
    const positions = new Float32Array(2 * points);
    const seen = new Float32Array(points);
    for (const row of rows) {
      seen[row] = 1;
      positions[2 * row] = current[2 * row];
      positions[2 * row + 1] = current[2 * row + 1];
    }
    const width = hidden.length / clusters;
    const outputs = await this.#session.run({
      ...encodeGoal(goal, size),
      cur: float32Tensor(positions, [points, 2]),
      vis: float32Tensor(seen, [points]),
      dist: float32Tensor(Float32Array.of(1), [1]),
      hidden: float32Tensor(hidden, [clusters, width]),
      g_dst: float32Tensor(features.g_dst, [clusters, width]),
      g_att: float32Tensor(features.g_att, [points, width]),
      g_val: float32Tensor(features.g_val, [points, width]),
    });
    return decodeFrame(outputs, 'velocity', [clusters, width]);
  }
}
