import { AppError } from '../../errors/app-error.js';
import { float32Tensor, type TensorSession } from '../runtime/tensor-session.js';
import { decodeGoal, decodeStep, encodeGoal, encodeObservation, type NamedTensors } from './cns-tensors.js';
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
} from '../../vision/servoing/servo-policy.js';

/** The two graphs of the policy. */
export interface CnsSessions {
  /** Once per goal: features of the goal's points. */
  readonly goal: TensorSession;
  /** Once per frame. */
  readonly step: TensorSession;
}

/** Settings of {@link CnsPolicy}. */
export interface CnsPolicyOptions extends ServoScale {
  /** Memory of `step` calls that do not say; `sequence` unless given. */
  readonly memory?: MemoryMode;
  /** Width of the hidden state, from the manifest; 128 unless given. */
  readonly hiddenWidth?: number;
}

interface ServoState extends GoalSize {
  /** Feeds of the step graph that stay for the whole servo, the goal's features among them. */
  readonly feeds: NamedTensors;
  hidden: Float32Array;
}

/** The network policy: correspondences and a memory per cluster in, camera velocity out. Steps must not overlap. */
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
    const goalFeeds = encodeGoal(goal, size);
    const features = decodeGoal(await this.#sessions.goal.run(goalFeeds), size, this.#width);
    const dist = float32Tensor(Float32Array.of(this.#goalDistance), [1]);
    this.#state = { ...size, feeds: { ...goalFeeds, ...features, dist }, hidden: this.#emptyMemory(size) };
  }

  /**
   * @throws AppError `NETWORK_NON_FINITE`, and what the session throws; the memory stays as it was then.
   * `GOAL_MISSING` (internal) before `setGoal`.
   */
  async step(
    observation: ServoObservation,
    options: { readonly memory?: MemoryMode } = {},
  ): Promise<PolicyStep> {
    const state = this.#state;
    if (state === null) {
      throw new AppError('GOAL_MISSING', { message: 'setGoal comes before step.' });
    }
    const count = visibleRows(observation, state.points).length;
    if (count < MIN_FRAME_POINTS) return tooFewPoints(count);
    const carry = (options.memory ?? this.#memory) === 'sequence';
    const memory = carry ? state.hidden : this.#emptyMemory(state);
    const hidden = float32Tensor(memory, [state.clusters, this.#width]);
    const outputs = await this.#sessions.step.run({
      ...state.feeds,
      ...encodeObservation(observation),
      hidden,
    });
    const size = { clusters: state.clusters, width: this.#width };
    const decoded = decodeStep(outputs, size, this.#gain);
    if (carry) state.hidden = decoded.hidden;
    return { velocity: decoded.velocity, lost: null };
  }

  #emptyMemory({ clusters }: GoalSize): Float32Array {
    return new Float32Array(clusters * this.#width);
  }
}
