import { AppError } from '../../errors/app-error.js';

/**
 * Fields of ONNX messages that lead to tensors (onnx.proto3): field number -> message type. All other fields
 * are skipped.
 */
const NESTED: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  model: { 7: 'graph', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparseTensor' },
  function: { 7: 'node', 11: 'attribute' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparseTensor', 23: 'sparseTensor' },
  sparseTensor: { 1: 'tensor', 2: 'tensor' },
  tensor: {},
};

/** `TensorProto.external_data` and `TensorProto.data_location`: either of them makes the data external. */
const EXTERNAL_DATA = 13;
const DATA_LOCATION = 14;

/** Maximum nesting of messages; each nested graph takes three levels. */
const MAX_DEPTH = 64;
const MAX_GRAPHS = Math.floor((MAX_DEPTH - 1) / 3);

const tooDeep = (): AppError =>
  new AppError('NETWORK_TOO_DEEP', {
    message: `The network is nested too deeply: at most ${String(MAX_GRAPHS)} levels of graphs are allowed (branches of If, bodies of Loop and Scan).`,
  });

/**
 * Rejects a model that stores weights in other files. The runtime has no option to forbid it: for a model
 * loaded from bytes it resolves the paths against the working directory, so a model could read files there.
 * A file that is not valid protobuf passes, because the runtime's own parser reports it.
 * @throws AppError (invalid) `MODEL_INVALID`; `NETWORK_TOO_DEEP` for graphs nested too deeply to be checked
 */
export function refuseExternalData(model: Uint8Array): void {
  if (holdsExternalData(model, 'model', 0)) {
    throw new AppError('MODEL_INVALID', {
      message:
        'The network stores data in other files (external data); only self-contained ONNX files are supported.',
    });
  }
}

function holdsExternalData(bytes: Uint8Array, message: string, depth: number): boolean {
  // Real graphs are not nested this deep, and unchecked parts must not be trusted.
  if (depth > MAX_DEPTH) throw tooDeep();
  let at = 0;
  while (at < bytes.length) {
    const tag = readVarint(bytes, at);
    const field = Math.floor(tag.value / 8);
    const value = readField(bytes, tag.next, tag.value % 8);
    if (value === null) return false;
    if (message === 'tensor' && (field === EXTERNAL_DATA || (field === DATA_LOCATION && value.number !== 0)))
      return true;
    const nested = NESTED[message][field];
    if (nested !== undefined && value.block && holdsExternalData(value.block, nested, depth + 1)) return true;
    at = value.next;
  }
  return false;
}

interface FieldValue {
  readonly next: number;
  readonly number?: number;
  readonly block?: Uint8Array;
}

/** The value of one field by wire type; `null` for invalid protobuf. */
function readField(bytes: Uint8Array, at: number, wireType: number): FieldValue | null {
  if (wireType === 1) return { next: at + 8 };
  if (wireType === 5) return { next: at + 4 };
  if (wireType !== 0 && wireType !== 2) return null;
  const { value, next } = readVarint(bytes, at);
  if (wireType === 0) return { next, number: value };
  return next + value > bytes.length
    ? null
    : { next: next + value, block: bytes.subarray(next, next + value) };
}

/** Varint; beyond 2^53 only its length in bytes is needed. */
function readVarint(bytes: Uint8Array, start: number): { readonly value: number; readonly next: number } {
  let value = 0;
  let factor = 1;
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at++];
    value += (byte & 127) * factor;
    if (byte < 128) break;
    factor *= 128;
  }
  return { value, next: at };
}
