import type { z } from 'zod';
import type { Tensor } from '../domain/tensor.js';
import { AppError } from '../errors/app-error.js';
import { invalidField, validationFailed } from '../errors/common-errors.js';
import { pointerOf } from '../errors/json-pointer.js';
import { tensorBytes, tensorOfBytes } from '../protocols/base64-tensor.js';
import { base64Bytes, readDataUrl } from '../protocols/data-url.js';
import type { BodyAsides } from '../middlewares/body/body-asides.js';
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

/** What can be classified. */
export type ClassifyInput = RequestInput<ClassifySource>;
/** What can be searched for objects. */
export type ImageInput = RequestInput<ImageSource>;

/** `input` of a request. */
export type InputText = z.output<typeof classificationInput>;
/** `input_data` of a request. */
export type InputDataText = z.output<typeof classificationInputData>;

/** One input with the word for its format that answers repeat. */
export interface ReadInput<Input = ClassifyInput> {
  readonly format: string;
  readonly input: Input;
  /** Where its content stands: JSON pointer into the body, or to the field of the form. */
  readonly pointer: string;
}

/**
 * What an entry of a JSON body stands for. Its text is taken out of it: nobody needs it any more, and while the network
 * works it would only be in the way of the garbage collector.
 * @param pointer JSON pointer of the entry, for errors
 * @param asides what was cut out of the body
 * @throws AppError `BASE64_INVALID` or `TENSOR_INVALID` (invalid)
 */
export function readInput(entry: InputText | InputDataText, pointer: string, asides?: BodyAsides): ReadInput {
  if ('format' in entry) return readInputData(entry, pointer, asides);
  switch (entry.type) {
    case 'media':
      return mediaOf('media', entry.media_id, `${pointer}/media_id`);
    case 'image':
      return readImage(take(entry, 'data', asides), `${pointer}/data`);
    case 'tensor':
      return {
        format: 'tensor',
        input: {
          kind: 'tensor',
          tensor: readTensor({ ...entry, data: take(entry, 'data', asides) }, pointer),
        },
        pointer: `${pointer}/data`,
      };
  }
}

function readInputData(entry: InputDataText, pointer: string, asides: BodyAsides | undefined): ReadInput {
  const { format } = entry;
  const content = take(entry, 'content', asides);
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
  asides: BodyAsides | undefined,
): string {
  const text = entry[field];
  entry[field] = '';
  return asides?.text(text) ?? text;
}

/** The type in the data URL is ignored; the format is detected from the content. */
function readImage(text: string, pointer: string): ReadInput {
  const url = readDataUrl(text);
  if (url === null) return { format: 'base64', input: imageOf(decodeBase64(text, pointer)), pointer };
  if ('problem' in url) {
    throw invalidField(pointer, 'BASE64_INVALID', `${pointer}: the data URL ${url.problem}.`);
  }
  return { format: url.type || 'base64', input: imageOf(url.bytes), pointer };
}

const imageOf = (bytes: Buffer): ClassifyInput => ({ kind: 'image', bytes });

/** @throws AppError `BASE64_INVALID` (invalid) for text with foreign characters or of an impossible length */
function decodeBase64(text: string, pointer: string): Buffer {
  const bytes = base64Bytes(text);
  if (bytes) return bytes;
  throw invalidField(pointer, 'BASE64_INVALID', `${pointer}: it is no base64 text.`);
}

function readTensor(input: Extract<InputText, { type: 'tensor' }>, pointer: string): Tensor {
  const bytes = decodeBase64(input.data, `${pointer}/data`);
  const tensor = tensorOfBytes(input, bytes);
  if (tensor) return tensor;
  throw invalidField(
    `${pointer}/data`,
    'TENSOR_INVALID',
    `${pointer}/data: ${input.dtype} [${input.shape.join(', ')}] needs ${String(tensorBytes(input))} bytes, given are ${String(bytes.length)}.`,
  );
}

/**
 * Reads every entry of a list; one that does not match its schema or cannot be read is its error, so that it fails alone.
 * The list is emptied on the way, as {@link readInput} does with texts.
 */
export async function readInputs(
  list: keyof typeof batchEntries,
  entries: unknown[],
  asides: BodyAsides | undefined,
): Promise<readonly ReadInput<ClassifyInput | AppError>[]> {
  const inputs: ReadInput<ClassifyInput | AppError>[] = [];
  for (const [index, entry] of entries.entries()) {
    const pointer = `/${list}/${String(index)}`;
    entries[index] = undefined;
    // Decoding ten megabytes of base64 takes long enough for others to notice.
    if (index > 0 && asides) await nextTurn();
    inputs.push(readEntry(list, entry, { pointer, asides }));
  }
  return inputs;
}

function readEntry(
  list: keyof typeof batchEntries,
  entry: unknown,
  { pointer, asides }: { readonly pointer: string; readonly asides: BodyAsides | undefined },
): ReadInput<ClassifyInput | AppError> {
  try {
    return readInput(validateEntry(batchEntries[list], entry, pointer), pointer, asides);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { format: formatOf(entry), input: error, pointer };
  }
}

/** What an entry that may be anything says of its format. */
function formatOf(entry: unknown): string {
  if (typeof entry !== 'object' || entry === null) return 'unknown';
  const word: unknown = Reflect.get(entry, 'format') ?? Reflect.get(entry, 'type');
  return typeof word === 'string' && /^\w{1,32}$/.test(word) ? word : 'unknown';
}

/** A file of a form. */
export const readFormImage = ({ field, content }: FormImage): ReadInput<ClassifyInput | AppError> => ({
  format: 'form',
  input: content instanceof AppError ? content : { kind: 'unread', ...content },
  pointer: pointerOf([field]),
});

/** An input of a detector: a tensor has no image whose pixels boxes could be in. */
export function requireImage({
  input,
  ...read
}: ReadInput<ClassifyInput | AppError>): ReadInput<ImageInput | AppError> {
  if (input instanceof AppError || input.kind !== 'tensor') return { ...read, input };
  const message = 'a detector takes images, as "image" or "media", and no tensors';
  return { ...read, input: validationFailed([{ pointer: read.pointer, message, code: 'INVALID' }]) };
}

/** Codes of what is wrong with one input, whose messages come from where nobody knows its place in the request. */
const ABOUT_INPUT = /^PICTURE_|^NOT_FOUND$/;

/** An error about an input with the place of that input; other errors as they are. */
export function placedError(error: unknown, pointer: string): unknown {
  if (!(error instanceof AppError) || error.issues.length > 0 || !ABOUT_INPUT.test(error.code)) return error;
  const { code, message, details, retryAfterSeconds, cause } = error;
  const issues = [{ pointer, message, code }];
  return new AppError(code, { message, details, retryAfterSeconds, cause, issues });
}
