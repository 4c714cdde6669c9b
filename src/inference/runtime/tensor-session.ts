import type { DeviceUsed } from '../../domain/job.js';
import { AppError } from '../../errors/app-error.js';

/** Array that holds the elements of each tensor type; float16 travels as raw half bits, bool as 0 and 1. */
export interface TensorArrays {
  float32: Float32Array;
  float64: Float64Array;
  float16: Uint16Array;
  uint8: Uint8Array;
  int8: Int8Array;
  uint16: Uint16Array;
  int16: Int16Array;
  int32: Int32Array;
  uint32: Uint32Array;
  int64: BigInt64Array;
  uint64: BigUint64Array;
  bool: Uint8Array;
}

/** Element types that may cross the runtime's border. */
export type TensorType = keyof TensorArrays;

/** A tensor of one known element type, row-major: `data.length` is the product of `dims` (1 for no dims). */
export interface TensorOf<T extends TensorType> {
  readonly dtype: T;
  readonly dims: readonly number[];
  readonly data: TensorArrays[T];
}

/** A tensor of any element type; `dtype` tells which. */
export type Tensor = { [T in TensorType]: TensorOf<T> }[TensorType];

/** What a network says of one input or output; a free dimension carries its name. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: string;
  readonly dims: readonly (number | string)[];
}

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
   * @throws AppError `MODEL_MISMATCH` (invalid) for feeds that do not fit the graph's inputs,
   * `NETWORK_RUN_FAILED` (internal) when the computation itself fails or the session is closed.
   */
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
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
export const modelMismatch = (message: string): AppError =>
  new AppError({ code: 'MODEL_MISMATCH', kind: 'invalid', message });
