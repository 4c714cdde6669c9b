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

/** A picture of a form, in memory or on disk. */
export interface StoredPicture {
  readonly bytes: number;
  readonly sha256: string;
  read(): Promise<Uint8Array>;
}

/** Limits of the pictures of one form. */
export interface PictureStoreOptions {
  readonly maxBytes: number;
  readonly maxPictures: number;
  readonly memory: MemoryBudget;
  tempFolder(): Promise<UploadFolder>;
}

/** Stores the files of one form; of those beyond their limit only an error is kept. */
export class PictureStore implements multer.StorageEngine {
  /** Pictures by the paths that multer knows; it has no place for errors of files. */
  readonly pictures = new Map<
    string,
    { readonly field: string; readonly content: StoredPicture | AppError }
  >();
  readonly #options: PictureStoreOptions;
  readonly #memory: Reservation;
  #folder: Promise<UploadFolder> | undefined;
  #total = 0;
  #removed = false;

  constructor(options: PictureStoreOptions) {
    this.#options = options;
    this.#memory = options.memory.open();
  }

  _handleFile(
    _request: Request,
    { stream, fieldname: field }: Express.Multer.File,
    done: (error?: unknown, info?: Partial<Express.Multer.File>) => void,
  ): void {
    const name = String(this.pictures.size);
    this.pictures.set(name, { field, content: pictureTooLarge('more', { field, ...this.#options }) });
    this.#keep(stream, field, name).then(
      (content) => {
        this.pictures.set(name, { field, content });
        done(null, { path: name });
      },
      (error: unknown) => done(error),
    );
  }

  _removeFile(_request: Request, _file: Express.Multer.File, done: (error: Error | null) => void): void {
    // The caller removes the whole form.
    done(null);
  }

  /** Removes every picture and gives the memory back. */
  async remove(): Promise<void> {
    this.#removed = true;
    this.#memory.release();
    this.pictures.clear();
    const folder = await this.#folder?.catch(() => undefined);
    await folder?.remove();
  }

  async #keep(stream: Readable, field: string, name: string): Promise<StoredPicture | AppError> {
    const { maxBytes, maxPictures } = this.#options;
    const kept = new SpillingBytes(() => this.#path(name), this.#memory);
    const hash = createHash('sha256');
    let size = 0;
    try {
      // The parser reports a stream that was destroyed before it hears why.
      for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        size += chunk.length;
        this.#total += chunk.length;
        if (this.#total > maxPictures * maxBytes) {
          throw maxPictures === 1
            ? pictureTooLarge('more', { field, maxBytes })
            : formTooLarge(maxPictures * maxBytes);
        }
        // The rest of a picture that is too large is only counted.
        if (size > maxBytes) continue;
        hash.update(chunk);
        await kept.write(chunk);
      }
      return size > maxBytes
        ? pictureTooLarge(`${String(size)} bytes`, { field, maxBytes })
        : { bytes: size, sha256: hash.digest('hex'), read: () => kept.read() };
    } finally {
      stream.resume();
      await kept.close();
    }
  }

  async #path(name: string): Promise<string> {
    if (this.#removed) throw new Error('the form was given up');
    const folder = await (this.#folder ??= this.#options.tempFolder());
    return path.join(folder.path, name);
  }
}

function pictureTooLarge(
  has: string,
  { field, maxBytes }: { readonly field: string; readonly maxBytes: number },
): AppError {
  const code = 'PICTURE_TOO_LARGE';
  const message = `The picture has ${has}; at most ${String(maxBytes)} bytes are allowed.`;
  const issues = [{ pointer: pointerOf([field]), message, code }];
  return new AppError(code, { message, details: { maxBytes }, issues });
}

/** A form whose pictures are too large together. */
export const formTooLarge = (maxBytes: number): AppError =>
  new AppError('BODY_TOO_LARGE', {
    message: `The files of the form are larger than ${String(maxBytes)} bytes together.`,
    details: { maxBytes },
  });
