import type { Tensor } from '../domain/tensor.js';

/** Element types of tensors in JSON as base64, with the bytes of one element. */
const WIDTHS = { float32: 4, float16: 2, uint8: 1, int8: 1 } as const;

/** What a tensor's bytes are. */
interface TensorLayout {
  readonly dtype: keyof typeof WIDTHS;
  readonly shape: readonly number[];
}

/** Bytes of a tensor without gaps. */
export const tensorBytes = ({ dtype, shape }: TensorLayout): number =>
  shape.reduce((count, dim) => count * dim, WIDTHS[dtype]);

/** The tensor over so many little-endian bytes, row-major; null where they are not as many as it needs. */
export function tensorOfBytes({ dtype, shape }: TensorLayout, bytes: Uint8Array): Tensor | null {
  if (bytes.length !== tensorBytes({ dtype, shape })) return null;
  // A copy of its own starts at an aligned address.
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
