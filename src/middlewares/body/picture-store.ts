import { createHash } from 'node:crypto';
import { open, readFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { Request } from 'express';
import type multer from 'multer';
import { AppError } from '../../errors/app-error.js';
import type { MemoryBudget, Reservation } from '../../lifecycle/memory-budget.js';
import type { UploadFolder } from '../multipart.js';
import { pointerOf } from '../../errors/json-pointer.js';

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

/** Larger pictures go to disk: a form may bring a hundred megabytes, and many come at the same time. */
const IN_MEMORY_BYTES = 64 * 1024;

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
    // The whole form is removed by whoever asked for it.
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
    const writer = new PictureWriter(() => this.#path(name), this.#memory);
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
        if (size <= maxBytes) await writer.write(chunk);
      }
      return size > maxBytes
        ? pictureTooLarge(`${String(size)} bytes`, { field, maxBytes })
        : writer.picture();
    } finally {
      stream.resume();
      await writer.close();
    }
  }

  async #path(name: string): Promise<string> {
    if (this.#removed) throw new Error('the form was given up');
    const folder = await (this.#folder ??= this.#options.tempFolder());
    return path.join(folder.path, name);
  }
}

/** Takes the bytes of one picture: into memory as long as it is small, then into a file. */
class PictureWriter {
  readonly #hash = createHash('sha256');
  #chunks: Buffer[] = [];
  #bytes = 0;
  #file: { readonly path: string; readonly handle: FileHandle } | undefined;

  constructor(
    private readonly place: () => Promise<string>,
    private readonly memory: Reservation,
  ) {}

  async write(chunk: Buffer): Promise<void> {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    if (this.#file) {
      await this.#file.handle.writeFile(chunk);
      return;
    }
    this.memory.grow(chunk.length);
    this.#chunks.push(chunk);
    if (this.#bytes <= IN_MEMORY_BYTES) return;
    const target = await this.place();
    this.#file = { path: target, handle: await open(target, 'wx', 0o600) };
    await this.#file.handle.writeFile(Buffer.concat(this.#chunks));
    this.#chunks = [];
  }

  picture(): StoredPicture {
    const [bytes, file] = [this.#bytes, this.#file];
    const whole = file ? undefined : Buffer.concat(this.#chunks);
    return {
      bytes,
      sha256: this.#hash.digest('hex'),
      read: async () => whole ?? readFile(file?.path ?? ''),
    };
  }

  async close(): Promise<void> {
    await this.#file?.handle.close();
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

/** A form whose pictures are too large together. */
export const formTooLarge = (maxBytes: number): AppError =>
  new AppError({
    code: 'BODY_TOO_LARGE',
    kind: 'too_large',
    message: `The files of the form are larger than ${String(maxBytes)} bytes together.`,
    details: { maxBytes },
  });
