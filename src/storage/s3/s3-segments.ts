import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { isBlobKey, requireBlobKey } from '../blob-key.js';
import type { S3Bucket } from './s3-bucket.js';

/** Digits of the offset in the name of a segment, so that names sort like offsets. */
const OFFSET_DIGITS = 15;
const REMOVALS_AT_ONCE = 8;

/** An object that holds some bytes of a growing file. */
export interface Segment {
  readonly objectKey: string;
  /** Of the growing file. */
  readonly id: string;
  /** Where its bytes begin. */
  readonly offset: number;
  readonly bytes: number;
  readonly modifiedAt: Date;
}

/** Files that grow, in a store whose objects do not: `<prefix><folder><id>/<offset>`. */
export class S3Segments {
  readonly #bucket: S3Bucket;
  readonly #folder: string;

  /** @param folder with "/" at its end */
  constructor(bucket: S3Bucket, folder: string) {
    this.#bucket = bucket;
    this.#folder = folder;
  }

  async put(id: string, offset: number, bytes: Buffer): Promise<void> {
    requireBlobKey(id);
    await this.#bucket.put(`${this.#folder}${id}/${String(offset).padStart(OFFSET_DIGITS, '0')}`, bytes);
  }

  /** Segments in order of their offsets; of all files unless one is given. */
  async *list(id?: string): AsyncGenerator<Segment> {
    if (id !== undefined) requireBlobKey(id);
    const start = this.#bucket.keyOf(this.#folder);
    let token: string | undefined;
    do {
      const Prefix = id === undefined ? start : `${start}${id}/`;
      const request = { Bucket: this.#bucket.name, Prefix, ContinuationToken: token };
      const page = await this.#bucket.call((client) => client.send(new ListObjectsV2Command(request)));
      for (const { Key = '', Size = 0, LastModified = new Date(0) } of page.Contents ?? []) {
        const [owner, name = ''] = Key.slice(start.length).split('/');
        const segment = {
          objectKey: Key,
          id: owner,
          offset: Number(name),
          bytes: Size,
          modifiedAt: LastModified,
        };
        if (isBlobKey(owner) && Number.isSafeInteger(segment.offset)) yield segment;
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  /** The segments of a file that follow each other from its beginning, and what they amount to. */
  async contiguous(id: string): Promise<{ readonly segments: readonly Segment[]; readonly bytes: number }> {
    const segments: Segment[] = [];
    let bytes = 0;
    for await (const segment of this.list(id)) {
      if (segment.offset !== bytes) break;
      segments.push(segment);
      bytes += segment.bytes;
    }
    return { segments, bytes };
  }

  /** Writes the bytes of segments to a new file. */
  async write(segments: readonly Segment[], target: string): Promise<void> {
    await using file = await open(target, 'wx', 0o600);
    for (const { objectKey, bytes } of segments) {
      if (bytes === 0) continue;
      const object = { Bucket: this.#bucket.name, Key: objectKey };
      const { Body } = await this.#bucket.call((client) => client.send(new GetObjectCommand(object)));
      if (!(Body instanceof Readable))
        throw new TypeError('the response of the object storage has no stream');
      for await (const chunk of Body) await file.appendFile(chunk as Buffer);
    }
  }

  /** Removes a file. Idempotent. */
  async remove(id: string): Promise<void> {
    const keys: string[] = [];
    for await (const { objectKey } of this.list(id)) keys.push(objectKey);
    for (let start = 0; start < keys.length; start += REMOVALS_AT_ONCE)
      await Promise.all(keys.slice(start, start + REMOVALS_AT_ONCE).map((key) => this.#removeObject(key)));
  }

  async #removeObject(Key: string): Promise<void> {
    const object = { Bucket: this.#bucket.name, Key };
    await this.#bucket.call((client) => client.send(new DeleteObjectCommand(object)));
  }
}
