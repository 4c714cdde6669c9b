import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import multer from 'multer';
import type { AdmittedUpload } from '../domain/quota.js';
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

/** A completely received file in a temporary folder. */
export interface ReceivedFile {
  readonly path: string;
  /** File name on the client's machine, for messages only. */
  readonly originalName: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The files of a form by field name. */
export type ReceivedFiles = Readonly<Partial<Record<string, ReceivedFile>>>;

/** Limits and storage of uploads. */
export interface UploadReceiverOptions {
  /** Maximum size of one file in bytes. */
  readonly maxBytes: number;
  readonly pace: BodyRateFloor;
  /** Creates the temporary folder of one upload. */
  tempFolder(): Promise<UploadFolder>;
  /** Rejects an upload of this announced size. @throws AppError of kind `storage_full`. */
  requireSpace(bytes: number): Promise<void>;
}

/** An expected form. */
export interface ExpectedForm {
  /** Fields with files, each sent at most once. */
  readonly names: readonly string[];
  /** Checks and reserves the announced size, for uploads that count towards quotas. */
  readonly admit?: (announcedBytes: number) => Promise<AdmittedUpload>;
}

/** Streams multipart uploads into temporary folders. */
export interface UploadReceiver {
  /**
   * Reads a form.
   * @throws AppError BAD_MULTIPART, TOO_MANY_FILES, FILE_TOO_LARGE.
   */
  receive(
    request: Request,
    response: Response,
    form: ExpectedForm,
  ): Promise<{ body: unknown; files: ReceivedFiles; reservation?: string } & AsyncDisposable>;
}

/** Whether the request has a multipart form. */
export const isForm = (request: Request): boolean =>
  /^multipart\/form-data\s*;/i.test(request.headers['content-type'] ?? '');

const TEXT_FIELDS = 8;
/** Bytes allowed for boundaries and text fields. */
const FORM_OVERHEAD = 64 * 1024;

function fileTooLarge(maxBytes: number): AppError {
  return new AppError('FILE_TOO_LARGE', {
    message: `The file exceeds the limit of ${maxBytes} bytes.`,
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

/** Translates errors of the form parser, which carry no status. The only place that does. */
function translate(error: unknown, maxBytes: number, names: readonly string[]): unknown {
  if (error instanceof multer.MulterError) {
    if (error.code === 'LIMIT_FILE_SIZE') return fileTooLarge(maxBytes);
    if (error.code === 'LIMIT_FILE_COUNT' || error.code === 'LIMIT_UNEXPECTED_FILE')
      return tooManyFiles(names);
    return formLimitProblem(error, TEXT_FIELDS);
  }
  if (error instanceof AppError) return error;
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  // Disk errors have a system code; all others came from the parser or a closed connection.
  return typeof code === 'string' && code !== 'ECONNRESET'
    ? error
    : badMultipart('it is truncated or malformed');
}

/** multer storage that writes the file under a generated name and hashes it at the same time. */
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
    // The field name is safe in a path: the parser rejects files in other fields first.
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

/**
 * Rejects invisible characters in file names, which are stored and displayed. @throws AppError VALIDATION
 * naming the character
 */
function requireVisibleName({ fieldname, originalname }: Express.Multer.File): void {
  const hidden = hiddenCharacterIn(originalname);
  if (hidden === null) return;
  const message = `the file name contains the invisible character ${hidden}`;
  throw validationFailed([{ pointer: `/${fieldname}`, message, code: 'MALFORMED' }]);
}

async function refuseEarly(
  request: Request,
  options: UploadReceiverOptions,
  { names, admit }: ExpectedForm,
): Promise<AdmittedUpload | undefined> {
  if (!isForm(request)) {
    throw new AppError('UNSUPPORTED_TYPE', { message: 'The body must be multipart/form-data.' });
  }
  requirePlainForm(request);
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > names.length * options.maxBytes + FORM_OVERHEAD) throw fileTooLarge(options.maxBytes);
  await options.requireSpace(announced);
  return admit?.(announced);
}

async function openFolder(
  options: UploadReceiverOptions,
  admitted: AdmittedUpload | undefined,
): Promise<UploadFolder> {
  try {
    return await options.tempFolder();
  } catch (error) {
    await admitted?.[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Creates the receiver: one file per field and a few text fields, all of limited size. Disposal deletes
 * everything.
 */
export function uploadReceiver(options: UploadReceiverOptions): UploadReceiver {
  return {
    async receive(request, response, form) {
      const { names } = form;
      const admitted = await refuseEarly(request, options, form);
      const folder = await openFolder(options, admitted);
      const discard = async (): Promise<void> => {
        await Promise.all([folder.remove(), admitted?.[Symbol.asyncDispose]()]);
      };
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
        await discard();
        throw error;
      } finally {
        client.stop();
      }
      return {
        body: { ...(request.body as Record<string, unknown> | undefined) },
        files: receivedFiles(request),
        reservation: admitted?.id,
        [Symbol.asyncDispose]: discard,
      };
    },
  };
}
