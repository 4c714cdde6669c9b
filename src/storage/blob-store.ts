import type { Readable } from 'node:stream';

/** Bytes `start` to `end`, both inclusive, counted from 0, as in an HTTP Range. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** What the store says about a stored file. */
export interface StoredBlob {
  /** A uuid; reveals nothing about owner, name or type. */
  readonly key: string;
  readonly bytes: number;
}

/** A file as it lies in the store. */
export interface ListedBlob extends StoredBlob {
  /** When its bytes were written last. */
  readonly modifiedAt: Date;
  /** A copy that was interrupted; it was never readable under its key. */
  readonly partial: boolean;
}

/**
 * Keeps finished files under uuid keys. A key is readable in full or not at all: there is no half-written state,
 * whatever crashes. Names and types live in the database.
 */
export interface BlobStore {
  /**
   * Publishes a finished temporary file and takes it over: afterwards `tempPath` is gone.
   * The bytes are on stable storage when the promise resolves, so a row that names the key may be committed.
   */
  put(tempPath: string): Promise<StoredBlob>;
  /**
   * A local path for programs that need one (FFmpeg, sharp); read only.
   * @throws AppError `MEDIA_MISSING` (gone)
   */
  path(key: string): Promise<string>;
  /**
   * A stream of the whole file or of a range.
   * @throws AppError `MEDIA_MISSING` (gone); a range is checked by the caller against {@link size}
   */
  open(key: string, range?: ByteRange): Promise<Readable>;
  /** Bytes of a stored file. @throws AppError `MEDIA_MISSING` (gone) */
  size(key: string): Promise<number>;
  /** All files, in no order; what comes or goes meanwhile may be left out. */
  list(): AsyncIterable<ListedBlob>;
  /** Removes a file with what an interrupted copy left of it; harmless when it is already gone. */
  remove(key: string): Promise<void>;
  exists(key: string): Promise<boolean>;
}
