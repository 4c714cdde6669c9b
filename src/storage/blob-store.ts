import type { Readable } from 'node:stream';

/** Bytes `start` to `end`, both inclusive, counted from 0, as in an HTTP Range. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A stored file. */
export interface StoredBlob {
  /** A UUID, independent of owner, name and type. */
  readonly key: string;
  readonly bytes: number;
}

/** What is known of a file before it is stored. */
export interface KnownBlob {
  /** SHA-256 in hexadecimal; a store that transfers the bytes refuses others. */
  readonly sha256?: string;
  /** A new key unless given: that of a copy from another store, or one that was listed before. */
  readonly key?: string;
}

/** Content that is stored as it arrives. */
export interface IncomingBlob extends KnownBlob {
  /** Exact size. */
  readonly bytes: number;
}

/** A stored file whose bytes were hashed while they arrived. */
export interface HashedBlob extends StoredBlob {
  /** In hexadecimal. */
  readonly sha256: string;
}

/** A read-only local file; disposing it allows the store to remove a local copy. */
export interface BorrowedFile extends AsyncDisposable {
  readonly path: string;
}

/** An entry of the store's listing. */
export interface ListedBlob extends StoredBlob {
  /** When it was last written. */
  readonly modifiedAt: Date;
  /** An interrupted copy; it was never readable under its key. */
  readonly partial: boolean;
}

/**
 * Stores finished files under UUID keys. A key is either fully readable or not at all, even after a crash. Names and
 * types are stored in the database.
 */
export interface BlobStore {
  /**
   * Moves a finished temporary file into the store; `tempPath` no longer exists afterwards. The bytes are on stable
   * storage when the promise resolves, so a row with the key may be committed.
   * @throws AppError `CONTENT_MISMATCH` (invalid)
   */
  put(tempPath: string, known?: KnownBlob): Promise<StoredBlob>;
  /**
   * Stores bytes as they arrive, with the guarantees of {@link put}. Nothing is stored when the source fails.
   * @throws AppError `CONTENT_MISMATCH` (invalid) for another size or checksum than declared
   */
  putStream(source: AsyncIterable<Uint8Array>, content: IncomingBlob): Promise<HashedBlob>;
  /**
   * A local file for programs that need one (FFmpeg, sharp), until it is disposed. Where files are not local, their bytes
   * are checked against their checksum, and a copy in use is never removed.
   * @param sha256 expected checksum in hexadecimal, where it is known
   * @throws AppError `MEDIA_MISSING` (gone), `MEDIA_DAMAGED` (gone)
   */
  borrow(key: string, sha256?: string): Promise<BorrowedFile>;
  /**
   * A stream of the whole file or of a range.
   * @throws AppError `MEDIA_MISSING` (gone); the caller checks the range against {@link size}
   */
  open(key: string, range?: ByteRange): Promise<Readable>;
  /**
   * Size of a stored file in bytes.
   * @throws AppError `MEDIA_MISSING` (gone)
   */
  size(key: string): Promise<number>;
  /** Lists all files in no particular order; files added or removed meanwhile may be missing. */
  list(): AsyncIterable<ListedBlob>;
  /** Removes a file and its interrupted copy. Idempotent. */
  remove(key: string): Promise<void>;
  exists(key: string): Promise<boolean>;
}
