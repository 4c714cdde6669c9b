import type { Tensor } from '../../domain/tensor.js';
import { fromHalfBits } from '../runtime/half-float.js';
import { modelMismatch } from '../runtime/tensor-session.js';

/** Floating-point numbers of either precision. */
export type Reals = Float32Array | Float64Array;

/** An output of a graph as numbers in row-major order. */
export interface Numbers {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Reals;
}

/** Outputs of one run by name. */
export type Outputs = Readonly<Record<string, Tensor>>;

/** The output `name` as numbers. @throws AppError `MODEL_MISMATCH` when it is missing */
export function numbersOf(outputs: Outputs, name: string): Numbers {
  const tensor: Tensor | undefined = outputs[name];
  if (tensor === undefined) {
    throw modelMismatch(`The network has no output ${name}; it has ${Object.keys(outputs).join(', ')}.`);
  }
  return { name, dims: tensor.dims, data: toFloats(tensor) };
}

function toFloats(tensor: Tensor): Reals {
  if (tensor.dtype === 'float32' || tensor.dtype === 'float64') return tensor.data;
  if (tensor.dtype === 'float16') return Float32Array.from(tensor.data, fromHalfBits);
  // Class indices and counts. Precision above 2^53 does not matter: such numbers are not valid indices.
  return Float64Array.from(tensor.data as Iterable<number | bigint>, Number);
}

/**
 * Rows and columns of an output that is a table for one image: leading dimensions of 1 are dropped; of a
 * larger batch only the first image is read.
 * @throws AppError `MODEL_MISMATCH` for another number of dimensions
 */
export function tableOf(numbers: Numbers): { readonly rows: number; readonly columns: number } {
  const { name, dims } = numbers;
  const [rows, columns] = dims.slice(-2);
  if (dims.length === 2 || dims.length === 3) return { rows, columns };
  throw modelMismatch(
    `The network's output ${name} is [${dims.join(', ')}]; a table must have 2 or 3 dimensions.`,
  );
}

/** 1 / (1 + e^-x). */
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
