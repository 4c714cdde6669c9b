/** Array type of each tensor type; float16 is passed as raw half-precision bits, bool as 0 and 1. */
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

/** Element types supported as inputs and outputs. */
export type TensorType = keyof TensorArrays;

/** A tensor of one known element type, row-major: `data.length` is the product of `dims` (1 for no dims). */
export interface TensorOf<T extends TensorType> {
  readonly dtype: T;
  readonly dims: readonly number[];
  readonly data: TensorArrays[T];
}

/** A tensor of any element type, discriminated by `dtype`. */
export type Tensor = { [T in TensorType]: TensorOf<T> }[TensorType];

/** Declaration of a network's input or output; a free dimension is given by its name. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: string;
  readonly dims: readonly (number | string)[];
}
