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
import type { FileField } from '../schemas/request-body.js';
import type { UploadFolder } from './upload-folder.js';

/** A completely received file in a temporary folder. */
export interface ReceivedFile {
  readonly path: string;
  /** File name on the client's machine, for messages only. */
  readonly originalName: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The files of a form by field name, in the order in which they were sent. */
export type ReceivedFiles = Readonly<Partial<Record<string, readonly ReceivedFile[]>>>;

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
  /** Fields with files. */
  readonly files: readonly Pick<FileField, 'name' | 'maxFiles'>[];
  /** Maximum size of one text field in bytes. */
  readonly textBytes?: number;
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

function filesTooLarge(maxBytes: number): AppError {
  return new AppError('FILE_TOO_LARGE', {
    message: `The files together exceed the limit of ${maxBytes} bytes.`,
    details: { maxBytes },
  });
}

function tooManyFiles(files: ExpectedForm['files']): AppError {
  const fields = files.map(({ name }) => `"${name}"`).join(', ');
  const several = files.filter(({ maxFiles = 1 }) => maxFiles > 1);
  const exceptions = several.map(({ name, maxFiles }) => `, up to ${String(maxFiles)} in "${name}"`).join('');
  return new AppError('TOO_MANY_FILES', {
    message:
      files.length === 1
        ? `Send exactly one file, in the field ${fields}.`
        : `Send at most one file in each of the fields ${fields}${exceptions}, and none in others.`,
  });
}

/** Translates errors of the form parser, which carry no status. The only place that does. */
function translate(error: unknown, maxBytes: number, { files, textBytes }: ExpectedForm): unknown {
  if (error instanceof multer.MulterError) {
    if (error.code === 'LIMIT_FILE_SIZE') return fileTooLarge(maxBytes);
    if (error.code === 'LIMIT_FILE_COUNT' || error.code === 'LIMIT_UNEXPECTED_FILE')
      return tooManyFiles(files);
    return formLimitProblem(error, { fields: TEXT_FIELDS, bytes: textBytes });
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
  readonly #maxTotal: number;
  #files = 0;
  #bytes = 0;

  /** @param maxTotal maximum size of all files together in bytes */
  constructor(folder: string, maxTotal: number) {
    this.#folder = folder;
    this.#maxTotal = maxTotal;
  }

  _handleFile(
    _request: Request,
    file: Express.Multer.File,
    done: (error?: unknown, info?: Partial<Express.Multer.File> & { sha256: string }) => void,
  ): void {
    // The field name is safe in a path: the parser rejects files in other fields first.
    const target = path.join(this.#folder, `upload-${file.fieldname}-${String(this.#files)}`);
    this.#files += 1;
    const hash = createHash('sha256');
    let size = 0;
    const tap = new Transform({
      transform: (chunk: Buffer, _encoding, next) => {
        hash.update(chunk);
        size += chunk.length;
        this.#bytes += chunk.length;
        if (this.#bytes > this.#maxTotal) next(filesTooLarge(this.#maxTotal));
        else next(null, chunk);
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

interface FormPlace {
  readonly folder: string;
  readonly maxBytes: number;
}

function parserFor({ files, textBytes }: ExpectedForm, { folder, maxBytes }: FormPlace) {
  const count = files.reduce((sum, { maxFiles = 1 }) => sum + maxFiles, 0);
  return multer({
    storage: new HashingStorage(folder, files.length * maxBytes),
    defParamCharset: 'utf8',
    limits: {
      files: count,
      fileSize: maxBytes,
      fields: TEXT_FIELDS,
      parts: TEXT_FIELDS + count,
      fieldNestingDepth: 3,
      ...PART_LIMITS,
      ...(textBytes !== undefined && { fieldSize: textBytes }),
    },
  }).fields(files.map(({ name, maxFiles = 1 }) => ({ name, maxCount: maxFiles })));
}

function parse(
  request: Request,
  response: Response,
  { form, place }: { readonly form: ExpectedForm; readonly place: FormPlace },
): Promise<void> {
  const parser = parserFor(form, place);
  return new Promise((resolve, reject) => {
    parser(request, response, (error: unknown) =>
      error === undefined || error === null ? resolve() : reject(translate(error, place.maxBytes, form)),
    );
  });
}

function receivedFiles({ files }: Request): ReceivedFiles {
  const all: Express.Multer.File[] = Object.values<Express.Multer.File[] | Express.Multer.File>(
    files ?? {},
  ).flat();
  const received: Partial<Record<string, ReceivedFile[]>> = {};
  for (const file of all) {
    const sha256: unknown = Reflect.get(file, 'sha256');
    const { path: at, originalname: originalName, size: bytes } = file;
    (received[file.fieldname] ??= []).push({ path: at, originalName, bytes, sha256: String(sha256) });
  }
  return received;
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
  { files, admit }: ExpectedForm,
): Promise<AdmittedUpload | undefined> {
  if (!isForm(request)) {
    throw new AppError('UNSUPPORTED_TYPE', { message: 'The body must be multipart/form-data.' });
  }
  requirePlainForm(request);
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > files.length * options.maxBytes + FORM_OVERHEAD) throw fileTooLarge(options.maxBytes);
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
 * Creates the receiver: a limited number of files per field and a few text fields, all of limited size; all files
 * together may have the maximum size once per field. Disposal deletes everything.
 */
export function uploadReceiver(options: UploadReceiverOptions): UploadReceiver {
  return {
    async receive(request, response, form) {
      const admitted = await refuseEarly(request, options, form);
      const folder = await openFolder(options, admitted);
      const discard = async (): Promise<void> => {
        await Promise.all([folder.remove(), admitted?.[Symbol.asyncDispose]()]);
      };
      const client = watchBody(request, response, options.pace);
      try {
        await Promise.race([
          parse(request, response, { form, place: { folder: folder.path, maxBytes: options.maxBytes } }),
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
