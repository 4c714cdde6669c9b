import type { StoredBlob } from './blob-store.js';

/** Smallest part, except for the last one, as S3 has it. */
export const MIN_PART_BYTES = 5 * 2 ** 20;
/** Largest part, as S3 has it. */
export const MAX_PART_BYTES = 5 * 2 ** 30;
/** Parts are numbered from 1 to this, as S3 has it. */
export const MAX_PARTS = 10_000;

/** Identifies a multipart upload. */
export interface MultipartUpload {
  /** Key of the file in the blob store once it is complete. */
  readonly key: string;
  /** Assigned by the store; unique together with the key. */
  readonly uploadId: string;
}

/** Reference to a part as clients give it. */
export interface PartReference {
  /** From 1 to `MAX_PARTS`. */
  readonly partNumber: number;
  /** As returned by the upload of the part; quotation marks may be missing. */
  readonly etag: string;
}

/** A received part. */
export interface UploadedPart extends PartReference {
  readonly bytes: number;
}

/** An upload that was neither completed nor aborted. */
export interface UnfinishedMultipart extends MultipartUpload {
  readonly startedAt: Date;
}

/** How a part may be sent. */
export interface PartAllowance {
  /** How long the URL is valid. */
  readonly expiresSeconds: number;
  /** Exact size of the part, where it is known; others are refused. */
  readonly bytes?: number;
}

/**
 * Receives large files in parts that clients send to signed URLs with PUT, in any order and repeatedly. A part's response
 * has the header `ETag`. A completed upload is an ordinary file of the blob store.
 */
export interface MultipartStore {
  create(): Promise<MultipartUpload>;
  /** A URL that takes one part by PUT without further credentials. */
  presignPart(upload: MultipartUpload, partNumber: number, allowance: PartAllowance): Promise<string>;
  /**
   * The received parts by number.
   * @throws AppError `MULTIPART_NOT_FOUND` (not_found)
   */
  parts(upload: MultipartUpload): Promise<readonly UploadedPart[]>;
  /**
   * Joins the given parts into one file; other parts are dropped. Idempotent: completing a completed upload returns the
   * file again. The bytes are on stable storage when the promise resolves.
   * @throws AppError `MULTIPART_NOT_FOUND` (not_found), `MULTIPART_PARTS_INVALID` (invalid; the upload goes on)
   */
  complete(upload: MultipartUpload, parts: readonly PartReference[]): Promise<StoredBlob>;
  /** Removes all parts of an unfinished upload; a completed one is not affected. Idempotent. */
  abort(upload: MultipartUpload): Promise<void>;
  /** Lists uploads that were neither completed nor aborted, in no particular order. */
  unfinished(): AsyncIterable<UnfinishedMultipart>;
}
