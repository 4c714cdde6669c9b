import { AppError } from '../../errors/app-error.js';
import type { Velocity } from '../../vision/geometry/velocity.js';
import { float32Output, float32Tensor, type Tensor } from '../runtime/tensor-session.js';
import type { GoalSize, ServoGoal } from '../../vision/servoing/servo-policy.js';

/** Tensors by name, as sessions take and give them. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/** Feeds of the goal graph: `tar [N,2]`, `center [C,2]`, `member [C,N]`. */
export function encodeGoal(goal: ServoGoal, { points, clusters }: GoalSize): NamedTensors {
  return {
    tar: float32Tensor(goal.points, [points, 2]),
    center: float32Tensor(goal.center, [clusters, 2]),
    member: float32Tensor(goal.member, [clusters, points]),
  };
}

/** The goal's features, which the goal graph gives and the twist graph takes. */
export interface GoalFeatures {
  /** `[C, w]` */
  readonly g_dst: Float32Array;
  /** `[N, w]` */
  readonly g_att: Float32Array;
  /** `[N, w]` */
  readonly g_val: Float32Array;
}

/** The goal's features out of the goal graph's outputs, checked for their shapes. */
export function decodeGoal(
  outputs: NamedTensors,
  { points, clusters }: GoalSize,
  width: number,
): GoalFeatures {
  return {
    g_dst: float32Output(outputs, 'g_dst', [clusters, width]),
    g_att: float32Output(outputs, 'g_att', [points, width]),
    g_val: float32Output(outputs, 'g_val', [points, width]),
  };
}

/** What the graph of a frame gives. */
export interface DecodedFrame {
  /** Translation in goal distances. */
  readonly velocity: Velocity;
  /** `[C, w]` the new memory. */
  readonly hidden: Float32Array;
}

/**
 * @param name of the output with the velocity
 * @param hiddenShape `[C, w]`
 * @throws AppError `NETWORK_NON_FINITE` (invalid: the same frame gives the same) when any number is infinite or NaN
 */
export function decodeFrame(
  outputs: NamedTensors,
  name: string,
  hiddenShape: readonly [number, number],
): DecodedFrame {
  const raw = float32Output(outputs, name, [6]);
  const hidden = float32Output(outputs, 'hidden_out', hiddenShape);
  refuseNonFinite(name, raw);
  refuseNonFinite('hidden_out', hidden);
  const [vx, vy, vz, wx, wy, wz] = raw;
  return { velocity: [vx, vy, vz, wx, wy, wz], hidden };
}

function refuseNonFinite(name: string, values: Float32Array): void {
  let bad = 0;
  while (bad < values.length && Number.isFinite(values[bad])) bad += 1;
  if (bad === values.length) return;
  throw new AppError('NETWORK_NON_FINITE', {
    message: `The policy network gave ${String(values[bad])} in ${name}[${String(bad)}].`,
    details: { output: name, index: bad },
  });
}
