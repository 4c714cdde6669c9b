import type { Request, Response } from 'express';
import multer from 'multer';
import { AppError, messageOf } from '../errors/app-error.js';
import { pointerOf } from '../errors/json-pointer.js';

/** Limits of forms with pictures. */
export interface PictureReceiverOptions {
  /** Bytes of one picture. */
  readonly maxBytes: number;
}

/** A picture of a form; of one that is too large only its error is kept. */
export interface FormPicture {
  readonly field: string;
  readonly content: Uint8Array | AppError;
}

/** Reads forms with pictures into memory; they go on to an engine at once. */
export interface PictureReceiver {
  /**
   * @param maxPictures pictures that the form may hold
   * @returns the text fields as the JSON body that they stand for, and the pictures in their order
   * @throws AppError `BAD_MULTIPART` (malformed), `TOO_MANY_FILES` (malformed); too_large: `PICTURE_TOO_LARGE` for the
   * only picture, `BODY_TOO_LARGE` for pictures that are larger together than as many of the largest size
   */
  receive(
    request: Request,
    response: Response,
    maxPictures: number,
  ): Promise<{ readonly body: unknown; readonly pictures: readonly FormPicture[] }>;
}

/** Whether a request comes as a multipart form. */
export const isForm = (request: Request): boolean =>
  /^multipart\/form-data\s*;/i.test(request.headers['content-type'] ?? '');

/** Text fields that stand for options; numbers and flags as JSON writes them. */
const OPTION_FIELDS = ['top_k', 'threshold', 'timeout', 'all_classes', 'scores'] as const;

/** Keeps files in memory up to their limit each; what is beyond it is counted and dropped. */
class PictureMemory implements multer.StorageEngine {
  /** Pictures by the files that multer knows; it has no place for errors of files. */
  readonly pictures = new Map<string, FormPicture>();
  #total = 0;

  constructor(private readonly limits: { readonly maxBytes: number; readonly maxPictures: number }) {}

  _handleFile(
    _request: Request,
    { stream, fieldname: field }: Express.Multer.File,
    done: (error?: unknown, info?: Partial<Express.Multer.File>) => void,
  ): void {
    const { maxBytes, maxPictures } = this.limits;
    const place = { field, maxBytes };
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      this.#total += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else chunks.length = 0;
      if (this.#total <= maxPictures * maxBytes) return;
      stream.removeListener('data', take).resume();
      done(maxPictures === 1 ? pictureTooLarge('more', place) : formTooLarge(maxPictures * maxBytes));
    };
    stream.on('data', take);
    stream.once('error', done);
    stream.once('end', () => {
      const path = String(this.pictures.size);
      const content =
        size > maxBytes ? pictureTooLarge(`${String(size)} bytes`, place) : Buffer.concat(chunks);
      this.pictures.set(path, { field, content });
      done(null, { path, size });
    });
  }

  _removeFile(_request: Request, _file: Express.Multer.File, done: (error: Error | null) => void): void {
    this.pictures.clear();
    done(null);
  }
}

/** Builds the receiver. Pictures may be in any field; their order is that of the form. */
export function pictureReceiver({ maxBytes }: PictureReceiverOptions): PictureReceiver {
  return {
    async receive(request, response, maxPictures) {
      const storage = new PictureMemory({ maxBytes, maxPictures });
      const parser = multer({
        storage,
        defParamCharset: 'utf8',
        limits: {
          files: maxPictures,
          fields: 16,
          parts: 16 + maxPictures,
          fieldNameSize: 64,
          fieldSize: 4096,
          headerPairs: 32,
        },
      }).any();
      await new Promise<void>((resolve, reject) => {
        parser(request, response, (error: unknown) =>
          error === undefined || error === null ? resolve() : reject(translate(error, maxPictures)),
        );
      });
      const files = Array.isArray(request.files) ? request.files : [];
      const fields: unknown = request.body;
      const pictures = files.flatMap(({ path }) => storage.pictures.get(path) ?? []);
      return { body: toBody(fields), pictures };
    },
  };
}

/** `top_k=3` and `options={"top_k":3}` both become `options.top_k`. */
function toBody(fields: unknown): unknown {
  if (typeof fields !== 'object' || fields === null) return {};
  const body: Record<string, unknown> = {};
  const options: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    const option = OPTION_FIELDS.find((known) => known === name);
    if (option !== undefined) options[option] = parseJson(value, name);
    else if (name === 'options') Object.assign(options, parseJson(value, name));
    else body[name] = value;
  }
  return Object.keys(options).length > 0 ? { ...body, options } : body;
}

function parseJson(value: unknown, field: string): unknown {
  try {
    return JSON.parse(String(value));
  } catch {
    throw badForm(`the field "${field}" is no JSON value`);
  }
}

function pictureTooLarge(
  has: string,
  { field, maxBytes }: { readonly field: string; readonly maxBytes: number },
): AppError {
  const code = 'PICTURE_TOO_LARGE';
  const message = `The picture has ${has}; at most ${String(maxBytes)} bytes are allowed.`;
  const issues = [{ pointer: pointerOf([field]), message, code }];
  return new AppError({ code, kind: 'too_large', message, details: { maxBytes }, issues });
}

const formTooLarge = (maxBytes: number): AppError =>
  new AppError({
    code: 'BODY_TOO_LARGE',
    kind: 'too_large',
    message: `The files of the form are larger than ${String(maxBytes)} bytes together.`,
    details: { maxBytes },
  });

function translate(error: unknown, maxPictures: number): unknown {
  if (error instanceof AppError) return error;
  if (error instanceof multer.MulterError && error.code === 'LIMIT_FILE_COUNT') {
    return new AppError({
      code: 'TOO_MANY_FILES',
      kind: 'malformed',
      message: `The form holds more files than the ${String(maxPictures)} that are allowed.`,
    });
  }
  return badForm(error instanceof multer.MulterError ? messageOf(error).toLowerCase() : 'it is malformed');
}

const badForm = (reason: string): AppError =>
  new AppError({
    code: 'BAD_MULTIPART',
    kind: 'malformed',
    message: `The form cannot be read: ${reason}.`,
  });
