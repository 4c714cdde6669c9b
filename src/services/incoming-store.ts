import type { IncomingUpload } from '../domain/incoming-upload.js';
import { AppError } from '../errors/app-error.js';

/** The bytes of an upload as a local file. */
export interface ReceivedContent {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Key in the blob store, if the bytes are there already. */
  readonly key?: string;
}

/** The place that a store made for the bytes of an upload. */
export type UploadPlace = Pick<IncomingUpload, 'id' | 'storeId'>;

/** Where the bytes of the uploads of one protocol are until they are media. */
export interface IncomingStore {
  /** @throws AppError UPLOAD_INCOMPLETE, MULTIPART_PARTS_INVALID unless all bytes have arrived */
  verify(upload: IncomingUpload): Promise<void>;
  /**
   * Makes the complete bytes a file of a folder. They remain where they were, so that it can be repeated.
   * @param target path of the file, which does not exist
   */
  fetch(upload: IncomingUpload, target: string): Promise<ReceivedContent>;
  /** Removes all bytes, those that {@link fetch} put into the blob store included. Idempotent. */
  discard(place: UploadPlace): Promise<void>;
  /** Places that were made more than a day ago and are still there. */
  old(): AsyncIterable<UploadPlace>;
}

/** Stores by protocol. */
export type IncomingStores = Readonly<Record<IncomingUpload['protocol'], IncomingStore>>;

/** @throws AppError UPLOAD_INCOMPLETE */
export function requireAll({ bytes }: IncomingUpload, received: number): void {
  if (bytes === null || received === bytes) return;
  throw new AppError('UPLOAD_INCOMPLETE', {
    message: `${received} of ${bytes} bytes have arrived.`,
    details: { received, bytes },
  });
}
