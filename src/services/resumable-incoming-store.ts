import { createReadStream } from 'node:fs';
import type { IncomingUpload } from '../domain/incoming-upload.js';
import { sha256Of } from '../storage/checked-content.js';
import type { ResumableStore } from '../storage/resumable-store.js';
import { requireAll, type IncomingStore, type ReceivedContent, type UploadPlace } from './incoming-store.js';

const DAY_MS = 86_400_000;

/** Bytes that are appended to a file. */
export class ResumableIncomingStore implements IncomingStore {
  readonly #files: ResumableStore;

  constructor(files: ResumableStore) {
    this.#files = files;
  }

  async verify(upload: IncomingUpload): Promise<void> {
    requireAll(upload, await this.#files.size(upload.id));
  }

  async fetch(upload: IncomingUpload, target: string): Promise<ReceivedContent> {
    await this.verify(upload);
    await this.#files.fetch(upload.id, target);
    const sha256 = await sha256Of(createReadStream(target));
    return { path: target, bytes: upload.bytes ?? 0, sha256 };
  }

  async discard({ id }: UploadPlace): Promise<void> {
    await this.#files.remove(id);
  }

  async *old(): AsyncGenerator<UploadPlace> {
    for await (const { id, startedAt } of this.#files.list())
      if (Date.now() - startedAt.getTime() > DAY_MS) yield { id, storeId: id };
  }
}
