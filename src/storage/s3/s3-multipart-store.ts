import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
  type ListMultipartUploadsCommandInput,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { v7 as uuidv7 } from 'uuid';
import { messageOf } from '../../errors/app-error.js';
import { isBlobKey, keyCreatedAt, requireBlobKey } from '../blob-key.js';
import type { BlobStore, StoredBlob } from '../blob-store.js';
import type {
  MultipartStore,
  MultipartUpload,
  PartAllowance,
  PartReference,
  UnfinishedMultipart,
  UploadedPart,
} from '../multipart-store.js';
import { chosenParts, invalidParts, multipartNotFound, requirePartNumber } from '../part-list.js';
import { mediaPath } from './s3-blob-store.js';
import type { S3Bucket } from './s3-bucket.js';
import { isMissingObject, s3CodeOf } from './s3-errors.js';

const INVALID = new Set(['InvalidPart', 'InvalidPartOrder', 'EntityTooSmall', 'MalformedXML']);

/** {@link MultipartStore} by the multipart uploads of S3; clients send parts to the store itself. */
export class S3MultipartStore implements MultipartStore {
  readonly #bucket: S3Bucket;
  readonly #blobs: Pick<BlobStore, 'size' | 'exists'>;

  /** @param blobs files of the same bucket */
  constructor(bucket: S3Bucket, blobs: Pick<BlobStore, 'size' | 'exists'>) {
    this.#bucket = bucket;
    this.#blobs = blobs;
  }

  async create(): Promise<MultipartUpload> {
    const key = uuidv7();
    const object = { ...this.#bucket.at(mediaPath(key)), ...this.#bucket.encryption };
    const { UploadId } = await this.#bucket.call((client) =>
      client.send(new CreateMultipartUploadCommand(object)),
    );
    if (UploadId === undefined) throw new TypeError('the object storage returned no upload id');
    return { key, uploadId: UploadId };
  }

  async presignPart(
    upload: MultipartUpload,
    partNumber: number,
    { expiresSeconds, bytes }: PartAllowance,
  ): Promise<string> {
    requirePartNumber(partNumber);
    // The length is one of the signed headers.
    const part = { ...this.#at(upload), PartNumber: partNumber, ContentLength: bytes };
    return getSignedUrl(this.#bucket.signer, new UploadPartCommand(part), { expiresIn: expiresSeconds });
  }

  async parts(upload: MultipartUpload): Promise<readonly UploadedPart[]> {
    const found: UploadedPart[] = [];
    let marker: string | undefined;
    do {
      const request = { ...this.#at(upload), PartNumberMarker: marker };
      const page = await this.#bucket.call((client) =>
        client.send(new ListPartsCommand(request)).catch((error: unknown) => {
          throw missingUpload(error);
        }),
      );
      for (const { PartNumber = 0, ETag = '', Size = 0 } of page.Parts ?? [])
        found.push({ partNumber: PartNumber, etag: ETag, bytes: Size });
      marker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
    } while (marker !== undefined);
    return found;
  }

  async complete(upload: MultipartUpload, wanted: readonly PartReference[]): Promise<StoredBlob> {
    const { key } = upload;
    if (!(await this.#blobs.exists(key))) {
      const parts = chosenParts(wanted, await this.parts(upload));
      const Parts = parts.map(({ partNumber, etag }) => ({ PartNumber: partNumber, ETag: etag }));
      const request = { ...this.#at(upload), MultipartUpload: { Parts } };
      await this.#bucket.call((client) =>
        client.send(new CompleteMultipartUploadCommand(request)).catch(async (error: unknown) => {
          // Another process may have completed it at the same time, or an earlier attempt whose response was lost.
          if (isMissingUpload(error) && (await this.#blobs.exists(key))) return;
          throw INVALID.has(s3CodeOf(error)) ? invalidParts(messageOf(error), error) : missingUpload(error);
        }),
      );
    }
    return { key, bytes: await this.#blobs.size(key) };
  }

  async abort(upload: MultipartUpload): Promise<void> {
    await this.#bucket.call((client) =>
      client.send(new AbortMultipartUploadCommand(this.#at(upload))).catch((error: unknown) => {
        if (!isMissingUpload(error)) throw error;
      }),
    );
  }

  async *unfinished(): AsyncGenerator<UnfinishedMultipart> {
    const start = this.#bucket.keyOf(mediaPath(''));
    let request: ListMultipartUploadsCommandInput | null = { Bucket: this.#bucket.name, Prefix: start };
    while (request) {
      const sent: ListMultipartUploadsCommandInput = request;
      const page = await this.#bucket.call((client) => client.send(new ListMultipartUploadsCommand(sent)));
      for (const { Key = '', UploadId } of page.Uploads ?? []) {
        const key = Key.slice(start.length);
        if (!Key.startsWith(start) || !isBlobKey(key) || UploadId === undefined) continue;
        // A copy that a killed process left while another one was completed: its key is in use.
        if (!(await this.#blobs.exists(key))) yield { key, uploadId: UploadId, startedAt: keyCreatedAt(key) };
      }
      request = page.IsTruncated
        ? { ...sent, KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
        : null;
    }
  }

  #at({ key, uploadId }: MultipartUpload) {
    requireBlobKey(key);
    return { ...this.#bucket.at(mediaPath(key)), UploadId: uploadId };
  }
}

/** Some stores say that the key of an upload that was completed or aborted does not exist. */
const isMissingUpload = (error: unknown): boolean =>
  s3CodeOf(error) === 'NoSuchUpload' || isMissingObject(error);

const missingUpload = (error: unknown): unknown =>
  isMissingUpload(error) ? multipartNotFound(error) : error;
