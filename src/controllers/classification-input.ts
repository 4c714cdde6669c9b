import type { z } from 'zod';
import type { Tensor } from '../domain/tensor.js';
import { AppError } from '../errors/app-error.js';
import { invalidField } from '../errors/common-errors.js';
import type { classificationOperations } from '../schemas/classification.schema.js';
import type { ClassifyInput } from '../services/classification.service.js';

type ExecuteBody = z.output<(typeof classificationOperations)['execute']['body'] & z.ZodType>;
type BatchBody = z.output<(typeof classificationOperations)['batch']['body'] & z.ZodType>;
/** `input` of a request. */
export type InputText = NonNullable<ExecuteBody['input']>;
/** `input_data` of a request. */
export type InputDataText = NonNullable<BatchBody['input_data_list']>[number];

/** One input with the word for its format that answers repeat. */
export interface ReadInput {
  readonly format: string;
  readonly input: ClassifyInput;
}

/**
 * What an entry of a JSON body stands for. Its text is taken out of it: nobody needs it any more, and while the network
 * works it would only be in the way of the garbage collector.
 * @param pointer JSON pointer of the entry, for errors
 * @throws AppError `BASE64_INVALID`, `PICTURE_EMPTY` or `TENSOR_INVALID` (invalid)
 */
export function readInput(entry: InputText | InputDataText, pointer: string): ReadInput {
  if ('format' in entry) return readInputData(entry, pointer);
  switch (entry.type) {
    case 'media':
      return { format: 'media', input: { kind: 'media', mediaId: entry.media_id } };
    case 'image':
      return readPicture(take(entry, 'data'), `${pointer}/data`);
    case 'tensor':
      return { format: 'tensor', input: { kind: 'tensor', tensor: readTensor(entry, pointer) } };
  }
}

function readInputData(entry: InputDataText, pointer: string): ReadInput {
  const { format } = entry;
  const content = take(entry, 'content');
  if (format === 'media_id') return { format, input: { kind: 'media', mediaId: content } };
  return { ...readPicture(content, `${pointer}/content`), format };
}

function take<Field extends string>(entry: Record<Field, string>, field: Field): string {
  const text = entry[field];
  entry[field] = '';
  return text;
}

const DATA_URL = /^data:([a-z0-9.+/-]*)(;[^,;]*)*;base64,/i;

/** The type that the text claims is not believed: the picture's own bytes tell it. */
function readPicture(text: string, pointer: string): ReadInput {
  const head = DATA_URL.exec(text.slice(0, 256));
  if (head === null && text.startsWith('data:')) {
    throw invalidField(pointer, 'BASE64_INVALID', `${pointer}: the data URL is not one of base64.`);
  }
  const bytes = decodeBase64(head === null ? text : text.slice(head[0].length), pointer);
  const format = head?.[1] ? head[1].toLowerCase() : 'base64';
  return { format, input: { kind: 'picture', bytes } };
}

/** @throws AppError `BASE64_INVALID` (invalid) for text with foreign characters or of an impossible length */
export function decodeBase64(text: string, pointer: string): Buffer {
  const bytes = decodeWhole(text) ?? decodeWhole(text.replaceAll(/\s+/g, ''));
  if (bytes) return bytes;
  throw invalidField(pointer, 'BASE64_INVALID', `${pointer}: it is no base64 text.`);
}

/** Null where the text holds anything but base64. */
function decodeWhole(text: string): Buffer | null {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const digits = text.length - padding;
  const bytes = Buffer.from(text, 'base64');
  // The decoder leaves out what it does not know, so that a shorter result tells of foreign characters.
  return digits % 4 !== 1 && bytes.length === Math.floor((digits * 3) / 4) ? bytes : null;
}

function readTensor({ dtype, shape, data }: Extract<InputText, { type: 'tensor' }>, pointer: string): Tensor {
  const bytes = decodeBase64(data, `${pointer}/data`);
  const elements = shape.reduce((count, dim) => count * dim, 1);
  const width = { float32: 4, float16: 2, uint8: 1, int8: 1 }[dtype];
  if (bytes.length !== elements * width) {
    throw invalidField(
      `${pointer}/data`,
      'TENSOR_INVALID',
      `${pointer}/data: ${dtype} [${shape.join(', ')}] needs ${String(elements * width)} bytes, given are ${String(bytes.length)}.`,
    );
  }
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

/** Reads every entry; one that cannot be read is its error, so that it fails alone. */
export function readInputs(
  entries: readonly (InputText | InputDataText)[],
  pointer: string,
): readonly { readonly format: string; readonly input: ClassifyInput | AppError }[] {
  return entries.map((entry, index) => {
    try {
      return readInput(entry, `${pointer}/${String(index)}`);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { format: 'format' in entry ? entry.format : entry.type, input: error };
    }
  });
}
