import type { DeviceUsed } from '../../domain/job.js';
import type { Tensor, TensorInfo, TensorOf } from '../../domain/tensor.js';
import { AppError } from '../../errors/app-error.js';

export type { Tensor, TensorInfo, TensorOf } from '../../domain/tensor.js';

/** Which outputs of a graph are computed; see {@link TensorSession.run}. */
export type WantedOutputs = readonly string[] | Readonly<Record<string, Tensor>>;

/**
 * One loaded ONNX graph on one device. Networks access the runtime only through this interface, so that tests
 * can use a fake.
 * `run` computes synchronously inside the runtime: it blocks its thread and cannot be interrupted, which is
 * why networks run in engine processes that can be killed.
 */
export interface TensorSession {
  readonly device: DeviceUsed;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /**
   * @param wanted names of the outputs to compute, or tensors of exactly their type and shape into which they
   *   are written; all outputs by default
   * @throws AppError `MODEL_MISMATCH` (invalid) for feeds that do not match the graph's inputs,
   *   `NETWORK_RUN_FAILED` when the run fails on the CPU, where a retry would fail again, `DEVICE_RUN_FAILED`
   *   (unavailable) when it fails on a GPU, where a retry may succeed, `SESSION_CLOSED` after `close`
   */
  run(
    feeds: Readonly<Record<string, Tensor>>,
    wanted?: WantedOutputs,
  ): Promise<Readonly<Record<string, Tensor>>>;
  /** Frees the graph; idempotent. */
  close(): Promise<void>;
}

/** Number of elements of a shape. */
export const elementCount = (dims: readonly number[]): number => dims.reduce((count, dim) => count * dim, 1);

/** A float32 tensor that shares `data`, which must not change until `run` has resolved. */
export const float32Tensor = (data: Float32Array, dims: readonly number[]): TensorOf<'float32'> => ({
  dtype: 'float32',
  dims,
  data,
});

/**
 * The float32 output `name` of a run, checked against the expected shape.
 * @throws AppError `MODEL_MISMATCH` when it is missing, of another type or of another shape.
 */
export function float32Output(
  outputs: Readonly<Record<string, Tensor>>,
  name: string,
  dims: readonly number[],
): Float32Array {
  const tensor: Tensor | undefined = outputs[name];
  const wanted = `float32 [${dims.join(', ')}]`;
  if (tensor === undefined) throw modelMismatch(`The network has no output ${name} (${wanted}).`);
  const fits = tensor.dims.length === dims.length && tensor.dims.every((dim, axis) => dim === dims[axis]);
  if (tensor.dtype !== 'float32' || !fits) {
    const got = `${tensor.dtype} [${tensor.dims.join(', ')}]`;
    throw modelMismatch(`The network's output ${name} is ${got} instead of ${wanted}.`);
  }
  return tensor.data;
}

/** The error for inputs or outputs that differ from the manifest or the caller's expectation. */
export const modelMismatch = (message: string): AppError => new AppError('MODEL_MISMATCH', { message });
