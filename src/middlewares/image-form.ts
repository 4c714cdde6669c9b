import type { Request, Response } from 'express';
import multer from 'multer';
import type { MemoryBudget } from '../lifecycle/memory-budget.js';
import { AppError } from '../errors/app-error.js';
import { validationFailed } from '../errors/common-errors.js';
import { pointerOf } from '../errors/json-pointer.js';
import { mayBeMissing, type ImageForm } from '../schemas/request-body.js';
import { watchBody, type BodyRateFloor } from './body/body-watch.js';
import { formTooLarge, ImageStore, type StoredImage } from './body/image-store.js';
import type { UploadFolder } from './upload-folder.js';
import { parseFieldJson } from './form-json.js';
import {
  badMultipart,
  formLimitProblem,
  PART_LIMITS,
  requirePlainForm,
  requireUtf8Fields,
} from './form-problems.js';

/** Limits on forms with images, and where images are stored. */
export interface ImageReceiverOptions {
  /** Maximum size of one image in bytes. */
  readonly maxBytes: number;
  readonly pace: BodyRateFloor;
  /** Memory budget of all bodies in transit; larger images are stored on disk. */
  readonly memory: MemoryBudget;
  /** Creates the temporary folder of one form. */
  tempFolder(): Promise<UploadFolder>;
  /** Rejects a form of this announced size. @throws AppError of kind `storage_full`. */
  requireSpace(bytes: number): Promise<void>;
}

/** An image of a form, or the error of an image that is too large. */
export interface FormImage {
  readonly field: string;
  readonly content: StoredImage | AppError;
}

/** Content of a form; disposing it deletes its images. */
interface ReceivedImages extends AsyncDisposable {
  readonly body: unknown;
  readonly images: readonly FormImage[];
}

/** Reads forms with images: small images into memory, larger ones into temporary files. */
export interface ImageReceiver {
  /**
   * @param form fields and images that the form may contain
   * @returns the text fields as the equivalent JSON body, and the images in the order of the form
   * @throws AppError `BAD_MULTIPART` (malformed), `TOO_MANY_FILES` (malformed); too_large:
   *   `PICTURE_TOO_LARGE` for the only image, `BODY_TOO_LARGE` when all images together exceed their number
   *   times the limit of one; `OUT_OF_MEMORY` (unavailable); BODY_TIMEOUT
   */
  receive(request: Request, response: Response, form: ImageForm): Promise<ReceivedImages>;
}

/** Bytes allowed for boundaries and text fields. */
const FORM_OVERHEAD = 128 * 1024;
const TEXT_FIELDS = 24;

/** Creates the receiver. Images may be in any field; they keep the order of the form. */
export function imageReceiver(options: ImageReceiverOptions): ImageReceiver {
  const { maxBytes, pace } = options;
  return {
    async receive(request, response, form) {
      const { maxImages } = form;
      requirePlainForm(request);
      const announced = Number(request.headers['content-length'] ?? 0);
      const most = maxImages * maxBytes;
      if (announced > most + FORM_OVERHEAD) throw formTooLarge(most);
      await options.requireSpace(announced);
      const store = new ImageStore({ ...options, maxImages });
      const watch = watchBody(request, response, pace);
      try {
        await Promise.race([parse(request, response, { storage: store, form }), watch.failed]);
        requireUtf8Fields(request.body);
      } catch (error) {
        await store.remove();
        throw error;
      } finally {
        watch.stop();
      }
      const files = Array.isArray(request.files) ? request.files : [];
      const fields: unknown = request.body;
      const images = files.flatMap(({ path }) => store.images.get(path) ?? []);
      return { body: toBody(fields, form), images, [Symbol.asyncDispose]: () => store.remove() };
    },
  };
}

function parse(
  request: Request,
  response: Response,
  { storage, form }: { readonly storage: ImageStore; readonly form: ImageForm },
): Promise<void> {
  const { maxImages: files, textBytes = PART_LIMITS.fieldSize } = form;
  const parser = multer({
    storage,
    defParamCharset: 'utf8',
    limits: {
      files,
      fields: TEXT_FIELDS,
      parts: TEXT_FIELDS + files,
      ...PART_LIMITS,
      fieldSize: textBytes,
    },
  }).any();
  return new Promise((resolve, reject) => {
    parser(request, response, (error: unknown) =>
      error === undefined || error === null ? resolve() : reject(translate(error, { files, textBytes })),
    );
  });
}

/**
 * The equivalent JSON body: `top_k=3` and `options={"top_k":3}` both set `options.top_k`. Numbers and
 * booleans are written as in JSON.
 */
function toBody(fields: unknown, { texts, values, unfolded }: ImageForm): unknown {
  if (typeof fields !== 'object' || fields === null) return {};
  const body: (readonly [string, unknown])[] = [];
  const inner: (readonly [string, unknown])[] = [];
  for (const [name, value] of Object.entries(fields)) {
    // Browsers and Swagger UI also send empty fields; only required fields must not be empty.
    if (value === '' && !(Object.hasOwn(texts.shape, name) && !mayBeMissing(texts, name))) continue;
    if (values && Object.hasOwn(values.shape, name)) body.push([name, parseFieldJson(value, name)]);
    else if (unfolded && Object.hasOwn(unfolded.fields.shape, name))
      inner.push([name, parseFieldJson(value, name)]);
    else if (unfolded && name === unfolded.name) inner.push(...Object.entries(parseWhole(value, unfolded)));
    else body.push([name, value]);
  }
  // Object.fromEntries defines own properties whatever their names; assignment could set a prototype.
  if (unfolded && inner.length > 0) body.push([unfolded.name, Object.fromEntries(inner)]);
  return Object.fromEntries(body);
}

function parseWhole(value: unknown, { name, example }: NonNullable<ImageForm['unfolded']>): object {
  const whole = parseFieldJson(value, name);
  if (typeof whole === 'object' && whole !== null && !Array.isArray(whole)) return whole;
  const message = `must be a JSON object such as ${example}`;
  throw validationFailed([{ pointer: pointerOf([name]), message, code: 'INVALID_TYPE' }]);
}

function translate(
  error: unknown,
  { files, textBytes }: { readonly files: number; readonly textBytes: number },
): unknown {
  if (error instanceof AppError) return error;
  // Disk errors, such as a full disk, are passed on; all others came from the parser or a closed connection.
  if (isSystemError(error)) return error;
  if (error instanceof multer.MulterError && error.code === 'LIMIT_FILE_COUNT') {
    const message = `The form contains more than the allowed ${String(files)} files. Other fields are sent as text; curl reads it from a file with -F 'field=<file'.`;
    return new AppError('TOO_MANY_FILES', { message });
  }
  return error instanceof multer.MulterError
    ? formLimitProblem(error, { fields: TEXT_FIELDS, bytes: textBytes })
    : badMultipart('it is malformed');
}

const isSystemError = (error: unknown): boolean => {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return (
    !(error instanceof multer.MulterError) &&
    typeof code === 'string' &&
    !code.startsWith('ERR_') &&
    code !== 'ECONNRESET'
  );
};
