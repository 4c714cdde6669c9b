import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import multer from 'multer';
import { hiddenCharacterIn } from '../domain/hidden-characters.js';
import { AppError } from '../errors/app-error.js';
import { validationFailed } from '../errors/common-errors.js';
import { watchBody, type BodyRateFloor } from './body/body-watch.js';
import {
  badMultipart,
  formLimitProblem,
  PART_LIMITS,
  requirePlainForm,
  requireUtf8Fields,
} from './form-problems.js';
import type { UploadFolder } from './upload-folder.js';

/** A file that arrived in full and lies in a temp folder. */
export interface ReceivedFile {
  readonly path: string;
  /** Name on the client's machine: for messages only. */
  readonly originalName: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The files of a form by the names of their fields. */
export type ReceivedFiles = Readonly<Partial<Record<string, ReceivedFile>>>;

/** Limits and places of uploads. */
export interface UploadReceiverOptions {
  /** Bytes of one file. */
  readonly maxBytes: number;
  readonly pace: BodyRateFloor;
  /** Makes the temp folder of one upload. */
  tempFolder(): Promise<UploadFolder>;
  /** Refuses an upload of so many announced bytes. @throws AppError of kind `storage_full`. */
  requireSpace(bytes: number): Promise<void>;
}

/** Receives multipart uploads as streams into temp folders. */
export interface UploadReceiver {
  /**
   * Reads a form whose files are in the fields `names`, each at most once.
   * @throws AppError BAD_MULTIPART, TOO_MANY_FILES, FILE_TOO_LARGE.
   */
  receive(
    request: Request,
    response: Response,
    names: readonly string[],
  ): Promise<{ body: unknown; files: ReceivedFiles } & AsyncDisposable>;
}

/** Whether a request comes as a multipart form. */
export const isForm = (request: Request): boolean =>
  /^multipart\/form-data\s*;/i.test(request.headers['content-type'] ?? '');

const TEXT_FIELDS = 8;
/** Bytes for boundaries and text fields besides the file. */
const FORM_OVERHEAD = 64 * 1024;

function fileTooLarge(maxBytes: number): AppError {
  return new AppError('FILE_TOO_LARGE', {
    message: `The file is larger than the limit of ${maxBytes} bytes.`,
    details: { maxBytes },
  });
}

function tooManyFiles(names: readonly string[]): AppError {
  const fields = names.map((name) => `"${name}"`).join(', ');
  return new AppError('TOO_MANY_FILES', {
    message:
      names.length === 1
        ? `Send exactly one file, in the field ${fields}.`
        : `Send at most one file in each of the fields ${fields}, and none in others.`,
  });
}

/** Errors of the form parser carry no status; this is their only translation. */
function translate(error: unknown, maxBytes: number, names: readonly string[]): unknown {
  if (error instanceof multer.MulterError) {
    if (error.code === 'LIMIT_FILE_SIZE') return fileTooLarge(maxBytes);
    if (error.code === 'LIMIT_FILE_COUNT' || error.code === 'LIMIT_UNEXPECTED_FILE')
      return tooManyFiles(names);
    return formLimitProblem(error, TEXT_FIELDS);
  }
  if (error instanceof AppError) return error;
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  // Disk errors have a system code; everything else came from the parser or a cut connection.
  return typeof code === 'string' && code !== 'ECONNRESET'
    ? error
    : badMultipart('it is cut off or malformed');
}

/** Stores the file under a name of ours and hashes it on the way. */
class HashingStorage implements multer.StorageEngine {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  _handleFile(
    _request: Request,
    file: Express.Multer.File,
    done: (error?: unknown, info?: Partial<Express.Multer.File> & { sha256: string }) => void,
  ): void {
    // Field names are ours: the parser refuses files in others before it comes here.
    const target = path.join(this.#folder, `upload-${file.fieldname}`);
    const hash = createHash('sha256');
    let size = 0;
    const tap = new Transform({
      transform(chunk: Buffer, _encoding, next) {
        hash.update(chunk);
        size += chunk.length;
        next(null, chunk);
      },
    });
    pipeline(file.stream, tap, createWriteStream(target, { mode: 0o600 })).then(
      () => done(null, { path: target, size, sha256: hash.digest('hex') }),
      (error: unknown) => done(error),
    );
  }

  _removeFile(_request: Request, file: Express.Multer.File, done: (error: Error | null) => void): void {
    rm(file.path, { force: true }).then(
      () => done(null),
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
    );
  }
}

function parserFor(folder: string, maxBytes: number, names: readonly string[]) {
  return multer({
    storage: new HashingStorage(folder),
    defParamCharset: 'utf8',
    limits: {
      files: names.length,
      fileSize: maxBytes,
      fields: TEXT_FIELDS,
      parts: TEXT_FIELDS + names.length,
      fieldNestingDepth: 3,
      ...PART_LIMITS,
    },
  }).fields(names.map((name) => ({ name, maxCount: 1 })));
}

function parse(
  request: Request,
  response: Response,
  form: { readonly folder: string; readonly maxBytes: number; readonly names: readonly string[] },
): Promise<void> {
  const parser = parserFor(form.folder, form.maxBytes, form.names);
  return new Promise((resolve, reject) => {
    parser(request, response, (error: unknown) =>
      error === undefined || error === null ? resolve() : reject(translate(error, form.maxBytes, form.names)),
    );
  });
}

function receivedFiles({ files }: Request): ReceivedFiles {
  const all: Express.Multer.File[] = Object.values<Express.Multer.File[] | Express.Multer.File>(
    files ?? {},
  ).flat();
  const entries = all.map((file) => {
    const sha256: unknown = Reflect.get(file, 'sha256');
    const received: ReceivedFile = {
      path: file.path,
      originalName: file.originalname,
      bytes: file.size,
      sha256: String(sha256),
    };
    return [file.fieldname, received] as const;
  });
  return Object.fromEntries(entries);
}

/** Names of files are stored and shown. @throws AppError VALIDATION naming the character */
function requireVisibleName({ fieldname, originalname }: Express.Multer.File): void {
  const hidden = hiddenCharacterIn(originalname);
  if (hidden === null) return;
  const message = `the file name contains the invisible character ${hidden}`;
  throw validationFailed([{ pointer: `/${fieldname}`, message, code: 'MALFORMED' }]);
}

async function refuseEarly(
  request: Request,
  options: UploadReceiverOptions,
  fileCount: number,
): Promise<void> {
  if (!isForm(request)) {
    throw new AppError('UNSUPPORTED_TYPE', { message: 'The body must be multipart/form-data.' });
  }
  requirePlainForm(request);
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > fileCount * options.maxBytes + FORM_OVERHEAD) throw fileTooLarge(options.maxBytes);
  await options.requireSpace(announced);
}

/** Builds the receiver: a file for each field and a few text fields, everything limited, nothing kept after disposal. */
export function uploadReceiver(options: UploadReceiverOptions): UploadReceiver {
  return {
    async receive(request, response, names) {
      await refuseEarly(request, options, names.length);
      const folder = await options.tempFolder();
      const client = watchBody(request, response, options.pace);
      try {
        await Promise.race([
          parse(request, response, { folder: folder.path, maxBytes: options.maxBytes, names }),
          client.failed,
        ]);
        requireUtf8Fields(request.body);
        Object.values(request.files ?? {})
          .flat()
          .forEach(requireVisibleName);
      } catch (error) {
        await folder.remove();
        throw error;
      } finally {
        client.stop();
      }
      return {
        body: { ...(request.body as Record<string, unknown> | undefined) },
        files: receivedFiles(request),
        [Symbol.asyncDispose]: () => folder.remove(),
      };
    },
  };
}
