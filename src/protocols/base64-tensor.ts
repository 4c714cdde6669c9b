import type { Tensor } from '../domain/tensor.js';

/** Element types of base64 tensors in JSON, with their size in bytes. */
const WIDTHS = { float32: 4, float16: 2, uint8: 1, int8: 1 } as const;

/** Type and shape of a tensor. */
interface TensorLayout {
  readonly dtype: keyof typeof WIDTHS;
  readonly shape: readonly number[];
}

/** Size of a tensor in bytes. */
export const tensorBytes = ({ dtype, shape }: TensorLayout): number =>
  shape.reduce((count, dim) => count * dim, WIDTHS[dtype]);

/** The tensor for little-endian bytes in row-major order; null if their number does not match. */
export function tensorOfBytes({ dtype, shape }: TensorLayout, bytes: Uint8Array): Tensor | null {
  if (bytes.length !== tensorBytes({ dtype, shape })) return null;
  // A copy starts at an aligned address.
  const buffer = new Uint8Array(bytes).buffer;
  switch (dtype) {
    case 'float32':
      return { dtype, dims: shape, data: new Float32Array(buffer) };
    case 'float16':
      return { dtype, dims: shape, data: new Uint16Array(buffer) };
    case 'uint8':
      return { dtype, dims: shape, data: new Uint8Array(buffer) };
    case 'int8':
      return { dtype, dims: shape, data: new Int8Array(buffer) };
  }
}
