import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { Request } from 'express';
import type multer from 'multer';
import { AppError } from '../../errors/app-error.js';
import type { MemoryBudget, Reservation } from '../../lifecycle/memory-budget.js';
import type { UploadFolder } from '../upload-folder.js';
import { pointerOf } from '../../errors/json-pointer.js';
import { SpillingBytes } from './spilling-bytes.js';

/** An image of a form, in memory or in a temporary file. */
export interface StoredImage {
  readonly bytes: number;
  readonly sha256: string;
  read(): Promise<Uint8Array>;
}

/** Limits of the images of one form. */
export interface ImageStoreOptions {
  readonly maxBytes: number;
  readonly maxImages: number;
  readonly memory: MemoryBudget;
  tempFolder(): Promise<UploadFolder>;
}

/**
 * multer storage for the images of one form. An image beyond its limit is discarded and only its error is
 * kept.
 */
export class ImageStore implements multer.StorageEngine {
  /** Images by the path that multer knows; multer has no way to attach an error to a single file. */
  readonly images = new Map<string, { readonly field: string; readonly content: StoredImage | AppError }>();
  readonly #options: ImageStoreOptions;
  readonly #memory: Reservation;
  #folder: Promise<UploadFolder> | undefined;
  #total = 0;
  #removed = false;

  constructor(options: ImageStoreOptions) {
    this.#options = options;
    this.#memory = options.memory.open();
  }

  _handleFile(
    _request: Request,
    { stream, fieldname: field }: Express.Multer.File,
    done: (error?: unknown, info?: Partial<Express.Multer.File>) => void,
  ): void {
    const name = String(this.images.size);
    this.images.set(name, { field, content: imageTooLarge('more', { field, ...this.#options }) });
    this.#keep(stream, field, name).then(
      (content) => {
        this.images.set(name, { field, content });
        done(null, { path: name });
      },
      (error: unknown) => done(error),
    );
  }

  _removeFile(_request: Request, _file: Express.Multer.File, done: (error: Error | null) => void): void {
    // Nothing to remove per file: the caller removes the whole form.
    done(null);
  }

  /** Removes every image and releases its memory. */
  async remove(): Promise<void> {
    this.#removed = true;
    this.#memory.release();
    this.images.clear();
    const folder = await this.#folder?.catch(() => undefined);
    await folder?.remove();
  }

  async #keep(stream: Readable, field: string, name: string): Promise<StoredImage | AppError> {
    const { maxBytes, maxImages } = this.#options;
    const kept = new SpillingBytes(() => this.#path(name), this.#memory);
    const hash = createHash('sha256');
    let size = 0;
    try {
      // Destroying the stream here would make the parser fail before it receives the error.
      for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        size += chunk.length;
        this.#total += chunk.length;
        if (this.#total > maxImages * maxBytes) {
          throw maxImages === 1
            ? imageTooLarge('more', { field, maxBytes })
            : formTooLarge(maxImages * maxBytes);
        }
        // The rest of an oversized image is counted, for the message, but not stored.
        if (size > maxBytes) continue;
        hash.update(chunk);
        await kept.write(chunk);
      }
      return size > maxBytes
        ? imageTooLarge(`${String(size)} bytes`, { field, maxBytes })
        : { bytes: size, sha256: hash.digest('hex'), read: () => kept.read() };
    } finally {
      stream.resume();
      await kept.close();
    }
  }

  async #path(name: string): Promise<string> {
    if (this.#removed) throw new Error('the upload of the form was aborted');
    const folder = await (this.#folder ??= this.#options.tempFolder());
    return path.join(folder.path, name);
  }
}

function imageTooLarge(
  has: string,
  { field, maxBytes }: { readonly field: string; readonly maxBytes: number },
): AppError {
  const code = 'PICTURE_TOO_LARGE';
  const message = `The image has ${has}; at most ${String(maxBytes)} bytes are allowed.`;
  const issues = [{ pointer: pointerOf([field]), message, code }];
  return new AppError(code, { message, details: { maxBytes }, issues });
}

/** The error for a form whose images together exceed the limit. */
export const formTooLarge = (maxBytes: number): AppError =>
  new AppError('BODY_TOO_LARGE', {
    message: `The files of the form together exceed ${String(maxBytes)} bytes.`,
    details: { maxBytes },
  });
