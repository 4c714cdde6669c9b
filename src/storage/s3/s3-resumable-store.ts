import { AppError } from '../../errors/app-error.js';
import { keyCreatedAt } from '../blob-key.js';
import { wrongOffset } from '../disk-resumable-store.js';
import type { ResumableStore, ResumableUpload } from '../resumable-store.js';
import type { S3Bucket } from './s3-bucket.js';
import { S3Segments, type Segment } from './s3-segments.js';

/** Bytes are stored in objects of this size; the last one of a request may be smaller. */
const SEGMENT_BYTES = 8 * 2 ** 20;

/** {@link ResumableStore} in a bucket, so that any api process can go on: `<prefix>resumable/<id>/<offset>`. */
export class S3ResumableStore implements ResumableStore {
  readonly #segments: S3Segments;

  constructor(bucket: S3Bucket) {
    this.#segments = new S3Segments(bucket, 'resumable/');
  }

  async create(id: string): Promise<void> {
    // An empty segment shows that the upload exists; the first bytes replace it.
    await this.#segments.put(id, 0, Buffer.alloc(0));
  }

  async append(id: string, offset: number, body: AsyncIterable<Uint8Array>): Promise<number> {
    const size = await this.size(id);
    if (size !== offset) throw wrongOffset(offset, size);
    let position = offset;
    let waiting: Buffer[] = [];
    let waitingBytes = 0;
    const store = async (): Promise<void> => {
      if (waitingBytes === 0) return;
      const segment = Buffer.concat(waiting);
      waiting = [];
      waitingBytes = 0;
      await this.#segments.put(id, position, segment);
      position += segment.length;
    };
    try {
      for await (const chunk of body) {
        // Chunks of a body may share one buffer.
        waiting.push(Buffer.from(chunk));
        waitingBytes += chunk.length;
        if (waitingBytes >= SEGMENT_BYTES) await store();
      }
    } finally {
      // What arrived before an error is kept.
      await store();
    }
    return position;
  }

  async size(id: string): Promise<number> {
    return (await this.#require(id)).bytes;
  }

  async fetch(id: string, target: string): Promise<void> {
    const { segments } = await this.#require(id);
    await this.#segments.write(segments, target);
  }

  async remove(id: string): Promise<void> {
    await this.#segments.remove(id);
  }

  async *list(): AsyncGenerator<ResumableUpload> {
    let last = '';
    for await (const { id } of this.#segments.list()) {
      if (id !== last) yield { id, startedAt: keyCreatedAt(id) };
      last = id;
    }
  }

  async #require(id: string): Promise<{ readonly segments: readonly Segment[]; readonly bytes: number }> {
    const found = await this.#segments.contiguous(id);
    if (found.segments.length > 0) return found;
    throw new AppError('UPLOAD_ENDED', { message: `Upload ${id} has no bytes any more.` });
  }
}
