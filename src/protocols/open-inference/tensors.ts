import { endianness } from 'node:os';
import type { Tensor, TensorArrays, TensorType } from '../../domain/tensor.js';
import { AppError } from '../../errors/app-error.js';
import { invalidField } from '../../errors/common-errors.js';
import { DATATYPES, type Datatype, type OpenInferenceRequest } from '../../schemas/open-inference.schema.js';

type Input = OpenInferenceRequest['inputs'][number];

/** The fields of an input that are needed to parse its elements. */
export type TensorInput = Pick<Input, 'name' | 'shape' | 'datatype'>;

/** Parses tensors sent as the text of a JSON list. */
export interface TensorTextReader {
  /** @throws AppError as {@link tensorFromText} does */
  read(input: TensorInput, text: Buffer, at: string): Promise<Tensor>;
}

/** Maximum number of elements of an output in JSON; encoding more would block the event loop for too long. */
const MAX_JSON_ELEMENTS = 500_000;

/** Typed array constructors by element type. */
const ARRAYS: { readonly [T in TensorType]: new (source: ArrayBuffer | number) => TensorArrays[T] } = {
  bool: Uint8Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  float16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
};
const names = new Map<string, Datatype>(
  (Object.keys(DATATYPES) as Datatype[]).map((datatype) => [DATATYPES[datatype], datatype]),
);

/** The protocol's name of an element type; for other types, our own in upper case. */
export const datatypeOf = (dtype: string): string => names.get(dtype) ?? dtype.toUpperCase();

const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/**
 * The tensors of a request, from `data` of each input or from the binary data after the JSON.
 * @throws AppError `INPUT_TWICE`, `TENSOR_DATA`, `BINARY_SIZE` (invalid) naming the input, the expected and
 *   the actual value
 */
export async function tensorsOf(
  inputs: readonly Input[],
  { data, binary }: { readonly data: readonly (Buffer | undefined)[]; readonly binary: Uint8Array },
  texts: TensorTextReader,
): Promise<Record<string, Tensor>> {
  const tensors = new Map<string, Tensor>();
  let offset = 0;
  for (const [index, input] of inputs.entries()) {
    const at = `/inputs/${index}`;
    if (tensors.has(input.name))
      throw invalidField(at, 'INPUT_TWICE', `inputs: ${input.name} is given twice.`);
    const size = input.parameters?.binary_data_size;
    if (size === undefined) {
      const text = data[index];
      tensors.set(
        input.name,
        text === undefined ? fromJson(input, undefined, at) : await texts.read(input, text, at),
      );
    } else {
      if (data[index] !== undefined) throw bothGiven(input, at);
      tensors.set(input.name, fromBytes(input, binary.subarray(offset, offset + size), at));
      offset += size;
    }
  }
  if (offset !== binary.length) {
    const message = `${binary.length} bytes follow the JSON, but the inputs announce ${offset}.`;
    throw invalidField('/inputs', 'BINARY_SIZE', message);
  }
  return Object.fromEntries(tensors);
}

/**
 * The tensor of an input whose elements are the text of a JSON list.
 * @param at JSON pointer of the input
 * @throws AppError MALFORMED_JSON, or `TENSOR_DATA` (invalid) for elements that do not match shape and type
 */
export const tensorFromText = (input: TensorInput, text: Buffer, at: string): Tensor =>
  fromJson(input, parseData(text), at);

/** The tensor of an input with the given elements. */
export const tensorOver = ({ datatype, shape }: TensorInput, elements: ArrayBuffer): Tensor =>
  tensor(DATATYPES[datatype], shape, elements);

/** Parses the list; its length was limited when it was received. @throws AppError MALFORMED_JSON */
function parseData(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString('latin1'));
  } catch {
    throw new AppError('MALFORMED_JSON', {
      message: 'The body must begin with valid JSON encoded in UTF-8.',
    });
  }
}

function fromBytes({ name, shape, datatype }: Input, bytes: Uint8Array, at: string): Tensor {
  const dtype = DATATYPES[datatype];
  const expected = elements(shape) * new ARRAYS[dtype](1).BYTES_PER_ELEMENT;
  if (bytes.length !== expected) {
    const message = `Input ${name} of ${datatype} [${shape.join(', ')}] takes ${expected} bytes, ${bytes.length} came.`;
    throw invalidField(at, 'BINARY_SIZE', message);
  }
  return tensor(dtype, shape, littleEndian(ownBytes(bytes), new ARRAYS[dtype](1).BYTES_PER_ELEMENT));
}

/**
 * The bytes in a buffer of their own. The only tensor of a large request already has one; otherwise they are
 * copied, because typed arrays must be aligned to their element size. (`slice` of a Buffer does not copy.)
 */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const isAlone = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
  return isAlone ? new Uint8Array(buffer) : new Uint8Array(bytes);
}

function fromJson(input: TensorInput, data: unknown, at: string): Tensor {
  const { name, shape, datatype } = input;
  if (datatype === 'FP16') {
    throw invalidField(
      at,
      'TENSOR_DATA',
      `Input ${name}: FP16 is not supported in JSON; send it as binary data.`,
    );
  }
  const count = elements(shape);
  const dtype = DATATYPES[datatype];
  const flat = flatten(data, count);
  if (flat?.length !== count) {
    const came = flat === null ? 'no array' : `${flat.length > count ? 'more' : flat.length}`;
    const message = `Input ${name} of ${datatype} [${shape.join(', ')}] needs ${count} elements in data, but got ${came}.`;
    throw invalidField(`${at}/data`, 'TENSOR_DATA', message);
  }
  const array = new ARRAYS[dtype](count);
  const bad = flat.findIndex((value, position) => !put(array, position, { dtype, value }));
  if (bad < 0) return tensor(dtype, shape, array.buffer as ArrayBuffer);
  const message = `Input ${name}: element ${bad} is not a value of ${datatype}.`;
  throw invalidField(`${at}/data/${bad}`, 'TENSOR_DATA', message);
}

/** All elements in order; stops soon after `most` elements. Null if `data` is not an array. */
function flatten(data: unknown, most: number): unknown[] | null {
  if (!Array.isArray(data)) return null;
  const elements: unknown[] = data;
  if (!elements.some((item) => Array.isArray(item))) return elements;
  const flat: unknown[] = [];
  const pending: unknown[] = elements.toReversed();
  while (pending.length > 0 && flat.length <= most) {
    const item = pending.pop();
    if (Array.isArray(item))
      for (let index = item.length - 1; index >= 0; index -= 1) pending.push(item[index]);
    else flat.push(item);
  }
  return flat;
}

/** Stores a value if it is valid for the element type: integers in range, any number for floats. */
function put(
  array: TensorArrays[TensorType],
  position: number,
  { dtype, value }: { readonly dtype: TensorType; readonly value: unknown },
): boolean {
  if (dtype === 'bool') {
    if (typeof value !== 'boolean' && value !== 0 && value !== 1) return false;
    array[position] = Number(value);
    return true;
  }
  if (typeof value !== 'number') return false;
  if (array instanceof BigInt64Array || array instanceof BigUint64Array) {
    if (!Number.isSafeInteger(value)) return false;
    array[position] = BigInt(value);
    return array[position] === BigInt(value);
  }
  array[position] = value;
  return dtype.startsWith('float') || array[position] === value;
}

/** The tensor types differ only in their array type, which `ARRAYS` ties to the dtype. */
const tensor = (dtype: TensorType, dims: readonly number[], buffer: ArrayBuffer): Tensor =>
  ({ dtype, dims, data: new ARRAYS[dtype](buffer) }) as Tensor;

/** The elements for JSON. @throws AppError `OUTPUT_NEEDS_BINARY` for values that JSON cannot represent. */
export function toJsonData(name: string, { dtype, data }: Tensor): (number | boolean)[] {
  if (dtype === 'float16') throw needsBinary(name, 'FP16 is not supported in JSON');
  if (data.length > MAX_JSON_ELEMENTS) {
    throw needsBinary(name, `it has more than ${String(MAX_JSON_ELEMENTS)} elements`);
  }
  const values = Array.from<number | bigint, number>(data, Number);
  if (dtype === 'bool') return values.map((value) => value !== 0);
  if (!values.every((value) => Number.isFinite(value)))
    throw needsBinary(name, 'it contains infinity or NaN');
  const whole = dtype === 'int64' || dtype === 'uint64';
  if (whole && !values.every((value) => Number.isSafeInteger(value))) {
    throw needsBinary(name, 'it contains numbers beyond 2^53');
  }
  return values;
}

/** The elements as little-endian bytes in row-major order. */
export function toBytes({ data }: Tensor): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(data.byteLength);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return new Uint8Array(littleEndian(bytes, data.BYTES_PER_ELEMENT));
}

/** Swaps the bytes of each element on big-endian machines. */
function littleEndian(bytes: Uint8Array<ArrayBuffer>, size: number): ArrayBuffer {
  if (endianness() === 'BE' && size > 1) {
    for (let start = 0; start < bytes.length; start += size) bytes.subarray(start, start + size).reverse();
  }
  return bytes.buffer;
}

const bothGiven = ({ name }: Input, at: string) =>
  invalidField(at, 'TENSOR_DATA', `Input ${name} has both data and binary_data_size.`);

const needsBinary = (name: string, reason: string) =>
  invalidField(
    '/outputs',
    'OUTPUT_NEEDS_BINARY',
    `Output ${name} cannot be returned as JSON: ${reason}. Request binary_data.`,
  );
