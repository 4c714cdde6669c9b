import { createReadStream } from 'node:fs';
import type { IncomingUpload } from '../domain/incoming-upload.js';
import { AppError } from '../errors/app-error.js';
import type { BlobStore } from '../storage/blob-store.js';
import { sha256Of } from '../storage/checked-content.js';
import type { MultipartStore } from '../storage/multipart-store.js';
import { linkOrCopy } from '../storage/link-or-copy.js';
import { requireAll, type IncomingStore, type ReceivedContent, type UploadPlace } from './incoming-store.js';

const DAY_MS = 86_400_000;

/** Bytes that arrive in parts at the blob store, where they are joined. */
export class MultipartIncomingStore implements IncomingStore {
  readonly #multipart: MultipartStore;
  readonly #blobs: Pick<BlobStore, 'borrow' | 'remove'>;

  constructor(multipart: MultipartStore, blobs: Pick<BlobStore, 'borrow' | 'remove'>) {
    this.#multipart = multipart;
    this.#blobs = blobs;
  }

  async verify(upload: IncomingUpload): Promise<void> {
    const received = new Map(
      (await this.#multipart.parts(referenceOf(upload))).map((part) => [part.partNumber, part]),
    );
    const listed = upload.parts ?? [];
    const bytes = listed.reduce((sum, { partNumber, etag }) => {
      const part = received.get(partNumber);
      if (!part || bare(part.etag) !== bare(etag)) throw notReceived(partNumber, etag);
      return sum + part.bytes;
    }, 0);
    requireAll(upload, bytes);
  }

  async fetch(upload: IncomingUpload, target: string): Promise<ReceivedContent> {
    await this.#requireListed(upload);
    const { key, bytes } = await this.#multipart.complete(referenceOf(upload), upload.parts ?? []);
    await using borrowed = await this.#blobs.borrow(key);
    await linkOrCopy(borrowed.path, target);
    return { path: target, bytes, sha256: await sha256Of(createReadStream(target)), key };
  }

  async discard(place: UploadPlace): Promise<void> {
    await this.#multipart.abort(referenceOf(place));
    await this.#blobs.remove(place.id);
  }

  async *old(): AsyncGenerator<UploadPlace> {
    for await (const { key, uploadId, startedAt } of this.#multipart.unfinished())
      if (Date.now() - startedAt.getTime() > DAY_MS) yield { id: key, storeId: uploadId };
  }

  /** A sized upload has exactly its parts, so that none is forgotten in the list. */
  async #requireListed({ partCount, bytes, parts }: IncomingUpload): Promise<void> {
    if (bytes === null || partCount === null || parts?.length === partCount) return;
    throw new AppError('UPLOAD_INCOMPLETE', {
      message: `${parts?.length ?? 0} of ${partCount} parts are listed.`,
      details: { partCount },
    });
  }
}

const referenceOf = ({ id, storeId }: UploadPlace) => ({ key: id, uploadId: storeId });
const bare = (etag: string): string => etag.replaceAll('"', '');

const notReceived = (partNumber: number, etag: string): AppError =>
  new AppError('MULTIPART_PARTS_INVALID', {
    message: `Part ${partNumber} with the ETag ${etag} was not received.`,
  });
