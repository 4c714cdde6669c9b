import { AppError } from '../../errors/app-error.js';
import type { Velocity } from '../../vision/geometry/velocity.js';
import { float32Output, float32Tensor, type Tensor } from '../runtime/tensor-session.js';
import type { GoalSize, ServoGoal, ServoObservation } from '../../vision/servoing/servo-policy.js';

/** Tensors by name, as sessions take and give them. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/** Outputs of the goal graph that the step graph takes as they are. */
const GOAL_FEATURES = ['g_dst', 'g_att', 'g_val'] as const;

/** Feeds of the goal graph: `tar [N,2]`, `center [C,2]`, `member [C,N]`; the step graph takes them too. */
export function encodeGoal(goal: ServoGoal, { points, clusters }: GoalSize): NamedTensors {
  return {
    tar: float32Tensor(goal.points, [points, 2]),
    center: float32Tensor(goal.center, [clusters, 2]),
    member: float32Tensor(goal.member, [clusters, points]),
  };
}

/** The goal's features out of the goal graph's outputs, checked for their shapes: `[C,w]`, `[N,w]`, `[N,w]`. */
export function decodeGoal(
  outputs: NamedTensors,
  { points, clusters }: GoalSize,
  width: number,
): NamedTensors {
  const rows = { g_dst: clusters, g_att: points, g_val: points };
  return Object.fromEntries(
    GOAL_FEATURES.map((name) => {
      const dims = [rows[name], width];
      return [name, float32Tensor(float32Output(outputs, name, dims), dims)];
    }),
  );
}

/**
 * Feeds of the step graph that change from frame to frame: `cur [N,2]`, `vis [N]`. Rows that are not visible are
 * written as (0, 0), which the graph multiplies by 0: whatever the caller left there, a NaN included, stays out.
 */
export function encodeObservation({ current, visible }: ServoObservation): NamedTensors {
  const points = visible.length;
  const positions = new Float32Array(2 * points);
  const seen = new Float32Array(points);
  for (let row = 0; row < points; row++) {
    if (visible[row] === 0) continue;
    seen[row] = 1;
    positions[2 * row] = current[2 * row];
    positions[2 * row + 1] = current[2 * row + 1];
  }
  return { cur: float32Tensor(positions, [points, 2]), vis: float32Tensor(seen, [points]) };
}

/** What the step graph gives. */
export interface DecodedStep {
  readonly velocity: Velocity;
  /** `[C, w]` the new memory. */
  readonly hidden: Float32Array;
}

/**
 * Velocity times `gain`, and the new memory.
 * @throws AppError `NETWORK_NON_FINITE` (invalid: the same frame gives the same) when any number is infinite or NaN
 */
export function decodeStep(
  outputs: NamedTensors,
  size: { clusters: number; width: number },
  gain: number,
): DecodedStep {
  const raw = float32Output(outputs, 'velocity', [6]);
  const hidden = float32Output(outputs, 'hidden_out', [size.clusters, size.width]);
  refuseNonFinite('velocity', raw);
  refuseNonFinite('hidden_out', hidden);
  const [vx, vy, vz, wx, wy, wz] = raw;
  return { velocity: [vx * gain, vy * gain, vz * gain, wx * gain, wy * gain, wz * gain], hidden };
}

function refuseNonFinite(name: string, values: Float32Array): void {
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  throw new AppError('NETWORK_NON_FINITE', {
    message: `The policy network gave ${String(values[bad])} in ${name}[${String(bad)}].`,
    details: { output: name, index: bad },
  });
}
