import './no-telemetry.js';
import { Tensor as RuntimeTensor } from 'onnxruntime-node';
import { modelMismatch, type Tensor } from './tensor-session.js';

/** Converts our plain tensor to an ONNX Runtime tensor that shares its memory. */
export const toRuntimeTensor = (tensor: Tensor): RuntimeTensor =>
  new RuntimeTensor(tensor.dtype, tensor.data, tensor.dims);

/**
 * Converts an ONNX Runtime tensor to a plain one that shares its memory.
 * @throws AppError `MODEL_MISMATCH` for unsupported element types (strings, 4-bit integers).
 */
export function fromRuntimeTensor(name: string, value: RuntimeTensor): Tensor {
  const dims = [...value.dims];
  const { type: dtype, data } = value;
  if (dtype === 'float32' && data instanceof Float32Array) return { dtype, dims, data };
  if (dtype === 'float64' && data instanceof Float64Array) return { dtype, dims, data };
  if (dtype === 'uint8' && data instanceof Uint8Array) return { dtype, dims, data };
  if (dtype === 'int8' && data instanceof Int8Array) return { dtype, dims, data };
  if (dtype === 'uint16' && data instanceof Uint16Array) return { dtype, dims, data };
  if (dtype === 'int16' && data instanceof Int16Array) return { dtype, dims, data };
  if (dtype === 'int32' && data instanceof Int32Array) return { dtype, dims, data };
  if (dtype === 'uint32' && data instanceof Uint32Array) return { dtype, dims, data };
  if (dtype === 'int64' && data instanceof BigInt64Array) return { dtype, dims, data };
  if (dtype === 'uint64' && data instanceof BigUint64Array) return { dtype, dims, data };
  if (dtype === 'bool' && data instanceof Uint8Array) return { dtype, dims, data };
  // Node versions with Float16Array return it; the memory contains the raw half-precision bits either way.
  if (dtype === 'float16' && ArrayBuffer.isView(data)) {
    return { dtype, dims, data: new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2) };
  }
  throw modelMismatch(`The network's output ${name} is of type ${dtype}, which is not supported.`);
}
