import type { Request, Response } from 'express';
import multer from 'multer';
import { AppError, messageOf } from '../errors/app-error.js';

/** Limits of forms with pictures. */
export interface PictureReceiverOptions {
  /** Bytes of one picture. */
  readonly maxBytes: number;
}

/** Reads forms with pictures into memory; they go on to an engine at once. */
export interface PictureReceiver {
  /**
   * @param maxPictures pictures that the form may hold
   * @returns the text fields as the JSON body that they stand for, and the pictures in their order
   * @throws AppError `BAD_MULTIPART` (malformed), `TOO_MANY_FILES` (malformed), `PICTURE_TOO_LARGE` (too_large)
   */
  receive(
    request: Request,
    response: Response,
    maxPictures: number,
  ): Promise<{ readonly body: unknown; readonly pictures: readonly Uint8Array[] }>;
}

/** Whether a request comes as a multipart form. */
export const isForm = (request: Request): boolean =>
  /^multipart\/form-data\s*;/i.test(request.headers['content-type'] ?? '');

/** Text fields that stand for options; numbers and flags as JSON writes them. */
const OPTION_FIELDS = ['top_k', 'threshold', 'timeout', 'all_classes', 'scores'] as const;

/** Builds the receiver. Pictures may be in any field; their order is that of the form. */
export function pictureReceiver({ maxBytes }: PictureReceiverOptions): PictureReceiver {
  return {
    async receive(request, response, maxPictures) {
      const parser = multer({
        storage: multer.memoryStorage(),
        defParamCharset: 'utf8',
        limits: {
          files: maxPictures,
          fileSize: maxBytes,
          fields: 16,
          parts: 16 + maxPictures,
          fieldNameSize: 64,
          fieldSize: 4096,
          headerPairs: 32,
        },
      }).any();
      await new Promise<void>((resolve, reject) => {
        parser(request, response, (error: unknown) =>
          error === undefined || error === null
            ? resolve()
            : reject(translate(error, { maxBytes, maxPictures })),
        );
      });
      const files = Array.isArray(request.files) ? request.files : [];
      const fields: unknown = request.body;
      return { body: toBody(fields), pictures: files.map(({ buffer }) => buffer) };
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

function translate(error: unknown, limits: { maxBytes: number; maxPictures: number }): unknown {
  if (error instanceof multer.MulterError && error.code === 'LIMIT_FILE_SIZE') {
    return new AppError({
      code: 'PICTURE_TOO_LARGE',
      kind: 'too_large',
      message: `A picture is larger than ${String(limits.maxBytes)} bytes.`,
      details: { maxBytes: limits.maxBytes },
    });
  }
  if (error instanceof multer.MulterError && error.code === 'LIMIT_FILE_COUNT') {
    return new AppError({
      code: 'TOO_MANY_FILES',
      kind: 'malformed',
      message: `The form holds more files than the ${String(limits.maxPictures)} that are allowed.`,
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
