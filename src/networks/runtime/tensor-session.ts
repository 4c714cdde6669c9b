import type { DeviceUsed } from '../../domain/job.js';
import type { Tensor, TensorInfo, TensorOf } from '../../domain/tensor.js';
import { AppError } from '../../errors/app-error.js';

export type { Tensor, TensorInfo, TensorOf } from '../../domain/tensor.js';

/** Which outputs of a graph are computed; see {@link TensorSession.run}. */
export type WantedOutputs = readonly string[] | Readonly<Record<string, Tensor>>;

/**
 * One loaded ONNX graph on one device: the only face of the runtime that networks see, so that a fake fits.
 *
 * `run` computes synchronously inside the runtime: it blocks its thread and cannot be interrupted, which is why
 * networks run in engines that may be killed.
 */
export interface TensorSession {
  readonly device: DeviceUsed;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /**
   * @param wanted names of the outputs to compute, or tensors that outputs of exactly their type and shape are written
   * into; all outputs unless given
   * @throws AppError `MODEL_MISMATCH` (invalid) for feeds that do not fit the graph's inputs, `NETWORK_RUN_FAILED` when
   * the computation itself fails on the CPU, where the same feeds would fail again, `DEVICE_RUN_FAILED` (unavailable) when
   * it does on a GPU, which may do better next time, `SESSION_CLOSED` after `close`
   */
  run(
    feeds: Readonly<Record<string, Tensor>>,
    wanted?: WantedOutputs,
  ): Promise<Readonly<Record<string, Tensor>>>;
  /** Frees the graph; safe to call twice. */
  close(): Promise<void>;
}

/** Number of elements of a shape. */
export const elementCount = (dims: readonly number[]): number => dims.reduce((count, dim) => count * dim, 1);

/** A float32 tensor over `data`, which is not copied: it must not change until `run` has resolved. */
export const float32Tensor = (data: Float32Array, dims: readonly number[]): TensorOf<'float32'> => ({
  dtype: 'float32',
  dims,
  data,
});

/**
 * The float32 output `name` of a run, checked against the shape that the network promises.
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

/** A network whose inputs or outputs are not what its manifest or its caller says. */
export const modelMismatch = (message: string): AppError => new AppError('MODEL_MISMATCH', { message });
