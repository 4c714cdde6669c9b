import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type GetObjectCommandOutput,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { v7 as uuidv7 } from 'uuid';
import { AppError } from '../../errors/app-error.js';
import { isBlobKey, requireBlobKey } from '../blob-key.js';
import type {
  BlobStore,
  BorrowedFile,
  ByteRange,
  HashedBlob,
  IncomingBlob,
  KnownBlob,
  ListedBlob,
  StoredBlob,
} from '../blob-store.js';
import { CheckedContent, sha256Of } from '../checked-content.js';
import type { LocalCopies, RemoteContent } from '../local-copies.js';
import type { S3Bucket } from './s3-bucket.js';
import { isMissingObject, storageError } from './s3-errors.js';

const FOLDER = 'media/';
/** Name of the checksum in the metadata of an object. */
const SHA256 = 'sha256';
/** Content up to this size is sent at once. */
const PART_BYTES = 8 * 2 ** 20;
const MAX_PARTS = 10_000;
/** Parts of a file that are sent at the same time, each in memory. */
const PARTS_AT_ONCE = 3;
/** A reading that breaks off is resumed so many times without a byte in between. */
const MAX_RESUMPTIONS = 3;

/** Path of a file under the prefix of the bucket. */
export const mediaPath = (key: string): string => `${FOLDER}${key}`;

/** {@link BlobStore} in a bucket of an S3-compatible store: `<prefix>media/<key>`. */
export class S3BlobStore implements BlobStore {
  readonly #bucket: S3Bucket;
  readonly #copies: LocalCopies;

  constructor(bucket: S3Bucket, copies: LocalCopies) {
    this.#bucket = bucket;
    this.#copies = copies;
  }

  async put(tempPath: string, { sha256, key = uuidv7() }: KnownBlob = {}): Promise<StoredBlob> {
    requireBlobKey(key);
    const { size: bytes } = await stat(tempPath);
    const declared = { bytes, sha256: sha256 ?? (await sha256Of(createReadStream(tempPath))) };
    await this.#store(key, createReadStream(tempPath), declared);
    // It is probably the next file that a job needs.
    await this.#copies.adopt(key, tempPath);
    return { key, bytes };
  }

  async putStream(
    source: AsyncIterable<Uint8Array>,
    { key = uuidv7(), ...declared }: IncomingBlob,
  ): Promise<HashedBlob> {
    requireBlobKey(key);
    const sha256 = await this.#store(key, source, declared);
    await this.#copies.remove(key);
    return { key, bytes: declared.bytes, sha256 };
  }

  async borrow(key: string, sha256?: string): Promise<BorrowedFile> {
    requireBlobKey(key);
    return this.#copies.borrow(key, () => this.#content(key, sha256));
  }

  async open(key: string, range?: ByteRange): Promise<Readable> {
    const response = await this.#get(key, range);
    return Readable.from(this.#read(key, response, range), { objectMode: false });
  }

  async size(key: string): Promise<number> {
    const { ContentLength } = await this.#bucket.call(
      (client) => client.send(new HeadObjectCommand(this.#at(key))),
      key,
    );
    return ContentLength ?? 0;
  }

  async *list(): AsyncGenerator<ListedBlob> {
    const start = this.#bucket.keyOf(FOLDER);
    let token: string | undefined;
    do {
      const request = { Bucket: this.#bucket.name, Prefix: start, ContinuationToken: token };
      const page = await this.#bucket.call((client) => client.send(new ListObjectsV2Command(request)));
      for (const { Key = '', Size = 0, LastModified } of page.Contents ?? []) {
        const key = Key.slice(start.length);
        if (isBlobKey(key))
          yield { key, bytes: Size, modifiedAt: LastModified ?? new Date(0), partial: false };
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async remove(key: string): Promise<void> {
    const object = this.#at(key);
    await this.#bucket.call((client) => client.send(new DeleteObjectCommand(object)));
    await this.#copies.remove(key);
  }

  async exists(key: string): Promise<boolean> {
    const object = this.#at(key);
    return this.#bucket.call((client) =>
      client.send(new HeadObjectCommand(object)).then(
        () => true,
        (error: unknown) => {
          if (isMissingObject(error)) return false;
          throw error;
        },
      ),
    );
  }

  #at(key: string) {
    requireBlobKey(key);
    return this.#bucket.at(mediaPath(key));
  }

  /** @returns the checksum of what was stored */
  async #store(
    key: string,
    source: AsyncIterable<Uint8Array>,
    declared: Pick<IncomingBlob, 'bytes' | 'sha256'>,
  ): Promise<string> {
    const watched = new WatchedSource(source);
    const content = new CheckedContent(watched, declared);
    try {
      await (declared.bytes <= PART_BYTES
        ? this.#sendAtOnce(key, content)
        : this.#sendInParts(key, content, declared));
      return content.sha256;
    } catch (error) {
      // Errors of the source are the caller's, not those of the store.
      throw watched.failure ?? storageError(error);
    }
  }

  async #sendAtOnce(key: string, content: CheckedContent): Promise<void> {
    const chunks: Uint8Array[] = [];
    // Chunks of a source may share one buffer.
    for await (const chunk of content) chunks.push(Buffer.from(chunk));
    const Metadata = { [SHA256]: content.sha256 };
    const object = { ...this.#at(key), ...this.#bucket.encryption, Metadata, Body: Buffer.concat(chunks) };
    await this.#bucket.client.send(new PutObjectCommand(object));
  }

  async #sendInParts(
    key: string,
    content: CheckedContent,
    { bytes, sha256 }: Pick<IncomingBlob, 'bytes' | 'sha256'>,
  ): Promise<void> {
    const upload = new Upload({
      client: this.#bucket.client,
      params: {
        ...this.#at(key),
        ...this.#bucket.encryption,
        Metadata: sha256 === undefined ? undefined : { [SHA256]: sha256 },
        Body: Readable.from(content, { objectMode: false }),
      },
      partSize: Math.max(PART_BYTES, Math.ceil(bytes / MAX_PARTS)),
      queueSize: PARTS_AT_ONCE,
    });
    await upload.done();
  }

  async #get(key: string, range?: ByteRange | { readonly start: number }, etag?: string) {
    const end = range && 'end' in range ? String(range.end) : '';
    const request = {
      ...this.#at(key),
      ...(range && { Range: `bytes=${String(range.start)}-${end}` }),
      ...(etag !== undefined && { IfMatch: etag }),
    };
    return this.#bucket.call((client) => client.send(new GetObjectCommand(request)), key);
  }

  async #content(key: string, sha256?: string): Promise<RemoteContent> {
    const response = await this.#get(key);
    const { ContentLength: bytes = 0, Metadata } = response;
    const cancel = (): void => void bodyOf(response).destroy();
    return { bytes, sha256: sha256 ?? Metadata?.[SHA256], stream: this.#read(key, response), cancel };
  }

  /** Reads a response and resumes it where it broke off, for example because the reader paused for too long. */
  async *#read(
    key: string,
    response: GetObjectCommandOutput,
    range?: ByteRange,
  ): AsyncGenerator<Buffer, void, undefined> {
    const first = range?.start ?? 0;
    const end = first + (response.ContentLength ?? 0);
    let position = first;
    let failures = 0;
    for (let body = bodyOf(response); ;) {
      try {
        for await (const chunk of body) {
          position += (chunk as Buffer).length;
          failures = 0;
          yield chunk as Buffer;
        }
        if (position >= end) return;
        throw new AppError('STORAGE_UNREACHABLE', { message: 'The object storage ended a file too early.' });
      } catch (error) {
        failures += 1;
        if (failures > MAX_RESUMPTIONS) throw storageError(error, key);
      } finally {
        body.destroy();
      }
      body = bodyOf(await this.#get(key, { start: position, end: end - 1 }, response.ETag));
    }
  }
}

function bodyOf({ Body }: GetObjectCommandOutput): Readable {
  if (Body instanceof Readable) return Body;
  throw new TypeError('the response of the object storage has no stream');
}

/** Remembers the error of a source. */
class WatchedSource implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterable<Uint8Array>;
  failure: unknown = undefined;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* this.#source;
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }
}
