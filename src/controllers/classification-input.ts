import type { z } from 'zod';
import type { Tensor } from '../domain/tensor.js';
import { AppError } from '../errors/app-error.js';
import { invalidField, validationFailed } from '../errors/common-errors.js';
import { pointerOf } from '../errors/json-pointer.js';
import { tensorBytes, tensorOfBytes } from '../protocols/base64-tensor.js';
import { base64Bytes, readDataUrl } from '../protocols/data-url.js';
import type { ExtractedValues } from '../middlewares/body/extracted-values.js';
import type { FormImage } from '../middlewares/image-form.js';
import { nextTurn } from '../lifecycle/loop-turns.js';
import { validateEntry } from '../middlewares/validate.js';
import {
  batchEntries,
  type classificationInput,
  type classificationInputData,
} from '../schemas/classification.schema.js';
import type { ClassifySource, ImageSource } from '../domain/network.js';
import type { RequestInput } from '../services/image-request.service.js';

/** Inputs of a classifier. */
export type ClassifyInput = RequestInput<ClassifySource>;
/** Inputs of a detector. */
export type ImageInput = RequestInput<ImageSource>;

/** The `input` field of a request. */
export type InputText = z.output<typeof classificationInput>;
/** The `input_data` field of a request. */
export type InputDataText = z.output<typeof classificationInputData>;

/** A decoded input, with the format name that the answer repeats. */
export interface ReadInput<Input = ClassifyInput> {
  readonly format: string;
  readonly input: Input;
  /** JSON pointer to its content in the body, or to the field of the form. */
  readonly pointer: string;
}

/**
 * Decodes an entry of a JSON body. The text is deleted from the entry: it is not needed any more, and keeping
 * it while the network runs would make the garbage collector copy it.
 * @param pointer JSON pointer of the entry, for errors
 * @param extracted values that were cut out of the body before it was parsed
 * @throws AppError `BASE64_INVALID` or `TENSOR_INVALID` (invalid)
 */
export function readInput(
  entry: InputText | InputDataText,
  pointer: string,
  extracted?: ExtractedValues,
): ReadInput {
  if ('format' in entry) return readInputData(entry, pointer, extracted);
  switch (entry.type) {
    case 'media':
      return mediaOf('media', entry.media_id, `${pointer}/media_id`);
    case 'image':
      return readImage(take(entry, 'data', extracted), `${pointer}/data`);
    case 'tensor':
      return {
        format: 'tensor',
        input: {
          kind: 'tensor',
          tensor: readTensor({ ...entry, data: take(entry, 'data', extracted) }, pointer),
        },
        pointer: `${pointer}/data`,
      };
  }
}

function readInputData(
  entry: InputDataText,
  pointer: string,
  extracted: ExtractedValues | undefined,
): ReadInput {
  const { format } = entry;
  const content = take(entry, 'content', extracted);
  const at = `${pointer}/content`;
  return format === 'media_id' ? mediaOf(format, content, at) : { ...readImage(content, at), format };
}

const mediaOf = (format: string, mediaId: string, pointer: string): ReadInput => ({
  format,
  input: { kind: 'media', mediaId },
  pointer,
});

function take<Field extends string>(
  entry: Record<Field, string>,
  field: Field,
  extracted: ExtractedValues | undefined,
): string {
  const text = entry[field];
  entry[field] = '';
  return extracted?.text(text) ?? text;
}

/** The media type in the data URL is ignored; the format is detected from the content. */
function readImage(text: string, pointer: string): ReadInput {
  const url = readDataUrl(text);
  if (url === null) return { format: 'base64', input: imageOf(decodeBase64(text, pointer)), pointer };
  if ('problem' in url) {
    throw invalidField(pointer, 'BASE64_INVALID', `${pointer}: the data URL ${url.problem}.`);
  }
  return { format: url.type || 'base64', input: imageOf(url.bytes), pointer };
}

const imageOf = (bytes: Buffer): ClassifyInput => ({ kind: 'image', bytes });

/**
 * @throws AppError `BASE64_INVALID` (invalid) for characters outside of the alphabet or an impossible length
 */
function decodeBase64(text: string, pointer: string): Buffer {
  const bytes = base64Bytes(text);
  if (bytes) return bytes;
  throw invalidField(pointer, 'BASE64_INVALID', `${pointer}: must be base64 text.`);
}

function readTensor(input: Extract<InputText, { type: 'tensor' }>, pointer: string): Tensor {
  const bytes = decodeBase64(input.data, `${pointer}/data`);
  const tensor = tensorOfBytes(input, bytes);
  if (tensor) return tensor;
  throw invalidField(
    `${pointer}/data`,
    'TENSOR_INVALID',
    `${pointer}/data: ${input.dtype} [${input.shape.join(', ')}] needs ${String(tensorBytes(input))} bytes, but ${String(bytes.length)} were given.`,
  );
}

/**
 * Decodes every entry of a list. An entry that does not match its schema or cannot be decoded is replaced by
 * its error and does not affect the others. The entries are removed from the list, for the reason given at
 * {@link readInput}.
 */
export async function readInputs(
  list: keyof typeof batchEntries,
  entries: unknown[],
  extracted: ExtractedValues | undefined,
): Promise<readonly ReadInput<ClassifyInput | AppError>[]> {
  const inputs: ReadInput<ClassifyInput | AppError>[] = [];
  for (const [index, entry] of entries.entries()) {
    const pointer = `/${list}/${String(index)}`;
    entries[index] = undefined;
    // Decoding ten megabytes of base64 blocks the event loop for a noticeable time.
    if (index > 0 && extracted) await nextTurn();
    inputs.push(readEntry(list, entry, { pointer, extracted }));
  }
  return inputs;
}

function readEntry(
  list: keyof typeof batchEntries,
  entry: unknown,
  { pointer, extracted }: { readonly pointer: string; readonly extracted: ExtractedValues | undefined },
): ReadInput<ClassifyInput | AppError> {
  try {
    return readInput(validateEntry(batchEntries[list], entry, pointer), pointer, extracted);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { format: formatOf(entry), input: error, pointer };
  }
}

/** The format named by an entry that was not validated; `unknown` without a plausible one. */
function formatOf(entry: unknown): string {
  if (typeof entry !== 'object' || entry === null) return 'unknown';
  const word: unknown = Reflect.get(entry, 'format') ?? Reflect.get(entry, 'type');
  return typeof word === 'string' && /^\w{1,32}$/.test(word) ? word : 'unknown';
}

/** A file of a multipart form. */
export const readFormImage = ({ field, content }: FormImage): ReadInput<ClassifyInput | AppError> => ({
  format: 'form',
  input: content instanceof AppError ? content : { kind: 'unread', ...content },
  pointer: pointerOf([field]),
});

/** Rejects tensors as input of a detector: boxes are in pixels of an image. */
export function requireImage({
  input,
  ...read
}: ReadInput<ClassifyInput | AppError>): ReadInput<ImageInput | AppError> {
  if (input instanceof AppError || input.kind !== 'tensor') return { ...read, input };
  const message = 'must be an image ("image" or "media"); a detector does not take tensors';
  return { ...read, input: validationFailed([{ pointer: read.pointer, message, code: 'INVALID' }]) };
}

/** Error codes about a single input that are raised by code that does not know the input's pointer. */
const INPUT_ERROR_CODES = /^PICTURE_|^NOT_FOUND$/;

/** Adds the pointer of the input to an error about an input; returns other errors unchanged. */
export function withPointer(error: unknown, pointer: string): unknown {
  if (!(error instanceof AppError) || error.issues.length > 0 || !INPUT_ERROR_CODES.test(error.code))
    return error;
  const { code, message, details, retryAfterSeconds, cause } = error;
  const issues = [{ pointer, message, code }];
  return new AppError(code, { message, details, retryAfterSeconds, cause, issues });
}
