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
   */
  put(tempPath: string): Promise<StoredBlob>;
  /**
   * A local path for programs that need one (FFmpeg, sharp); read-only.
   * @throws AppError `MEDIA_MISSING` (gone)
   */
  path(key: string): Promise<string>;
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
