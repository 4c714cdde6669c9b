/** An upload that is neither finished nor removed. */
export interface ResumableUpload {
  readonly id: string;
  readonly startedAt: Date;
}

/** Receives files by appending to them. */
export interface ResumableStore {
  /** @param id a UUID */
  create(id: string): Promise<void>;
  /**
   * Appends bytes as they arrive. What arrived before an error is kept. The bytes are on stable storage when the promise
   * resolves.
   * @param offset size of the upload so far
   * @returns the size afterwards
   * @throws AppError UPLOAD_OFFSET_MISMATCH (conflict), UPLOAD_ENDED (gone)
   */
  append(id: string, offset: number, body: AsyncIterable<Uint8Array>): Promise<number>;
  /** Bytes received so far. @throws AppError UPLOAD_ENDED (gone) */
  size(id: string): Promise<number>;
  /** Makes the bytes a local file at `target`, which does not exist. @throws AppError UPLOAD_ENDED (gone) */
  fetch(id: string, target: string): Promise<void>;
  /** Idempotent. */
  remove(id: string): Promise<void>;
  /** In no particular order. */
  list(): AsyncIterable<ResumableUpload>;
}
