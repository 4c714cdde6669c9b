import { AppError } from '../../errors/app-error.js';

/**
 * Which fields of which ONNX message lead to tensors (onnx.proto3): field number -> message it holds.
 * Everything else is skipped by its length.
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

/** `TensorProto.external_data` and `TensorProto.data_location`: either one makes the data external. */
const EXTERNAL_DATA = 13;
const DATA_LOCATION = 14;

/** Messages within messages; a graph within a graph takes three. */
const MAX_DEPTH = 64;
const MAX_GRAPHS = Math.floor((MAX_DEPTH - 1) / 3);

const tooDeep = (): AppError =>
  new AppError('NETWORK_TOO_DEEP', {
    message: `The network is nested too deeply: at most ${String(MAX_GRAPHS)} graphs may lie within each other (branches of If, bodies of Loop and Scan).`,
  });

/**
 * Refuses a model that keeps weights in other files. No session option forbids them: loaded from bytes, the runtime
 * resolves them against the working directory, so a model could read what lies there.
 *
 * A file that is no well-formed protobuf passes: the runtime's own parser names that defect.
 *
 * @throws AppError (invalid) `MODEL_INVALID`; `NETWORK_TOO_DEEP` for graphs within graphs that are not looked through
 */
export function refuseExternalData(model: Uint8Array): void {
  if (holdsExternalData(model, 'model', 0)) {
    throw new AppError('MODEL_INVALID', {
      message:
        'The network keeps data in other files (external data); only self-contained ONNX files are loaded.',
    });
  }
}

function holdsExternalData(bytes: Uint8Array, message: string, depth: number): boolean {
  // No sane graph is nested this deep, and unchecked parts must not be trusted.
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

/** One field's value by wire type; `null` where the bytes are no protobuf. */
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

/** Base-128 integer; beyond 2^53 only its size in bytes matters here. */
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
