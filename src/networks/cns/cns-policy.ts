import { AppError } from '../../errors/app-error.js';
import type { Velocity } from '../../vision/geometry/velocity.js';
import type { TensorSession } from '../runtime/tensor-session.js';
import { decodeGoal, encodeGoal } from './cns-tensors.js';
import { frameNetwork, type FrameGraph, type FrameNetwork } from './frame-network.js';
import {
  checkGoal,
  MIN_FRAME_POINTS,
  tooFewPoints,
  visibleRows,
  type GoalSize,
  type MemoryMode,
  type PolicyStep,
  type ServoGoal,
  type ServoObservation,
  type ServoPolicy,
  type ServoScale,
  type StepOptions,
} from '../../vision/servoing/servo-policy.js';

/** The two graphs of the policy. */
export interface CnsSessions {
  /** Once per goal: features of the goal's points. */
  readonly goal: TensorSession;
  /** Once per frame. */
  readonly frame: TensorSession;
  readonly frameGraph: FrameGraph;
}

/** Settings of {@link CnsPolicy}. */
export interface CnsPolicyOptions extends ServoScale {
  /** Memory of `step` calls that do not say; `sequence` unless given. */
  readonly memory?: MemoryMode;
  /** Width of the hidden state, from the manifest; 128 unless given. */
  readonly hiddenWidth?: number;
}

interface ServoState extends GoalSize {
  readonly network: FrameNetwork;
  hidden: Float32Array;
}

/**
 * The network policy: correspondences and a memory per cluster in, camera velocity out. The network's answer is fitted to the
 * points of the frame. Steps must not overlap.
 */
export class CnsPolicy implements ServoPolicy {
  readonly name = 'cns';
  readonly #sessions: CnsSessions;
  readonly #memory: MemoryMode;
  readonly #width: number;
  readonly #gain: number;
  readonly #goalDistance: number;
  #state: ServoState | null = null;

  constructor(sessions: CnsSessions, options: CnsPolicyOptions = {}) {
    this.#sessions = sessions;
    this.#memory = options.memory ?? 'sequence';
    this.#width = options.hiddenWidth ?? 128;
    this.#gain = options.gain ?? 1;
    this.#goalDistance = options.goalDistance ?? 1;
  }

  async setGoal(goal: ServoGoal): Promise<void> {
    this.#state = null;
    const size = checkGoal(goal);
    const outputs = await this.#sessions.goal.run(encodeGoal(goal, size));
    const features = decodeGoal(outputs, size, this.#width);
    const { frame, frameGraph } = this.#sessions;
    const network = frameNetwork(frameGraph, frame, { goal, features, size });
    this.#state = { ...size, network, hidden: this.#emptyMemory(size) };
  }

  /**
   * @throws AppError `NETWORK_NON_FINITE`, and what the session throws; the memory stays as it was then.
   * `GOAL_MISSING` (internal) before `setGoal`.
   */
  async step(observation: ServoObservation, options: StepOptions = {}): Promise<PolicyStep> {
    const state = this.#state;
    if (state === null) {
      throw new AppError('GOAL_MISSING', { message: 'setGoal comes before step.' });
    }
    const rows = visibleRows(observation, state.points);
    if (rows.length < MIN_FRAME_POINTS) return tooFewPoints(rows.length);
    const { current } = observation;
    const carry = (options.memory ?? this.#memory) === 'sequence';
    const hidden = carry ? state.hidden : this.#emptyMemory(state);
    const decoded = await state.network.run({ current, rows, hidden, verified: options.verified ?? true });
    if (carry) state.hidden = decoded.hidden;
    return { velocity: this.#scale(decoded.velocity), lost: null };
  }

  #scale([vx, vy, vz, wx, wy, wz]: Velocity): Velocity {
    const [turn, move] = [this.#gain, this.#gain * this.#goalDistance];
    return [vx * move, vy * move, vz * move, wx * turn, wy * turn, wz * turn];
  }

  #emptyMemory({ clusters }: GoalSize): Float32Array {
    return new Float32Array(clusters * this.#width);
  }
}
