import { open, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AppError } from '../errors/app-error.js';
import { isBlobKey, requireBlobKey } from './blob-key.js';
import { flushFolder, isNotFound, namesIn } from './disk-files.js';
import { makeFolder } from './folders.js';
import { linkOrCopy } from './link-or-copy.js';
import type { ResumableStore, ResumableUpload } from './resumable-store.js';

const FOLDER = 'resumable';

/** {@link ResumableStore} in the folder of a blob store: `resumable/<id>`, mode 0600. */
export class DiskResumableStore implements ResumableStore {
  readonly #root: string;

  constructor(mediaFolder: string) {
    this.#root = join(resolve(mediaFolder), FOLDER);
  }

  async create(id: string): Promise<void> {
    await makeFolder(this.#root, 0o700);
    await using file = await open(this.#pathOf(id), 'wx', 0o600);
    await file.sync();
    await flushFolder(this.#root);
  }

  async append(id: string, offset: number, body: AsyncIterable<Uint8Array>): Promise<number> {
    await using file = await open(this.#pathOf(id), 'r+').catch((cause: unknown) => {
      throw goneOr(cause, id);
    });
    const { size } = await file.stat();
    if (size !== offset) throw wrongOffset(offset, size);
    let position = offset;
    for await (const chunk of body) {
      // A write may take fewer bytes than it was given.
      for (let sent = 0; sent < chunk.length;) {
        const { bytesWritten } = await file.write(chunk, sent, chunk.length - sent, position);
        sent += bytesWritten;
        position += bytesWritten;
      }
    }
    await file.sync();
    return position;
  }

  async size(id: string): Promise<number> {
    const facts = await stat(this.#pathOf(id)).catch((cause: unknown) => {
      throw goneOr(cause, id);
    });
    return facts.size;
  }

  async fetch(id: string, target: string): Promise<void> {
    await linkOrCopy(this.#pathOf(id), target).catch((cause: unknown) => {
      throw goneOr(cause, id);
    });
  }

  async remove(id: string): Promise<void> {
    await rm(this.#pathOf(id), { force: true });
  }

  async *list(): AsyncGenerator<ResumableUpload> {
    for (const id of await namesIn(this.#root)) {
      if (!isBlobKey(id)) continue;
      const facts = await stat(join(this.#root, id)).catch(() => null);
      if (facts) yield { id, startedAt: facts.birthtime };
    }
  }

  #pathOf(id: string): string {
    requireBlobKey(id);
    return join(this.#root, id);
  }
}

/** @param offset that of the client */
export const wrongOffset = (offset: number, size: number): AppError =>
  new AppError('UPLOAD_OFFSET_MISMATCH', {
    message: `The upload has ${size} bytes; the request continues at ${offset}.`,
    details: { offset: size },
  });

function goneOr(cause: unknown, id: string): unknown {
  if (!isNotFound(cause)) return cause;
  return new AppError('UPLOAD_ENDED', { message: `Upload ${id} has no bytes any more.`, cause });
}
