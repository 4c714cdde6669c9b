import path from 'node:path';
import type { Settings } from '../config/settings.js';
import type { RecordingStore } from '../domain/servo-recording.js';
import type { Logger } from '../logging/logger.js';
import type { BlobStore } from '../storage/blob-store.js';
import type { DiskMultipartStore, SignPartUrl } from '../storage/disk-multipart-store.js';
import type { MultipartStore } from '../storage/multipart-store.js';
import type { StorageMeter } from '../storage/storage-meter.js';
import type { ResumableStore } from '../storage/resumable-store.js';

/** Receives large files in parts. */
interface MultipartParts {
  readonly store: MultipartStore;
  /** Where the API itself receives the parts, its store. */
  readonly disk: DiskMultipartStore | null;
}

type RecordingFailed = (error: unknown, sessionId: string) => void;

/** One place where files are. */
export interface StorageBackend {
  readonly blobs: BlobStore;
  recordings(failedWith?: RecordingFailed): RecordingStore;
  multipart(sign: SignPartUrl): MultipartParts;
  resumable(): ResumableStore;
  /** Throws while files cannot be stored. */
  ping(): Promise<void>;
  close(): void;
}

/** How a process waits for its storage. */
export interface StorageOptions {
  readonly log: Logger;
  /** Stops the wait. */
  readonly signal?: AbortSignal;
  readonly meter?: StorageMeter;
}

/** Folder of temporary files. */
export const temporaryFolder = ({ folders }: Pick<Settings, 'folders'>): string =>
  path.join(folders.data, 'tmp');
