import path from 'node:path';
import pRetry from 'p-retry';
import type { Settings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { DiskSpaceGuard, runReserve } from '../storage/disk-space.js';
import { LocalCopies } from '../storage/local-copies.js';
import { S3BlobStore } from '../storage/s3/s3-blob-store.js';
import { S3Bucket } from '../storage/s3/s3-bucket.js';
import type { StartProblem } from '../storage/s3/s3-errors.js';
import { S3MultipartStore } from '../storage/s3/s3-multipart-store.js';
import { S3ResumableStore } from '../storage/s3/s3-resumable-store.js';
import { S3RecordingStore } from '../storage/s3/s3-recording-store.js';
import { TempFolders } from '../storage/temp-folders.js';
import { temporaryFolder, type StorageBackend, type StorageOptions } from './storage-backend.js';
import { startupRetries, untilAborted } from './wait-for-database.js';
import { WaitingNotice } from './waiting-notice.js';

/**
 * Opens the bucket of the settings, and the copies of its files on this machine.
 * @throws AppError STORAGE_UNUSABLE
 */
export async function openS3Backend(settings: Settings, options: StorageOptions): Promise<StorageBackend> {
  const { s3, cacheBytes } = settings.storage;
  if (!s3) throw unusable('S3_BUCKET is not set', 'Set it.');
  const bucket = new S3Bucket(s3);
  await waitForBucket(bucket, settings.startupTimeoutMs, options);
  const { data } = settings.folders;
  const disk = new DiskSpaceGuard(data, runReserve(settings.diskReserveBytes));
  const requireSpace = (bytes: number): Promise<void> => disk.assertRoomFor(bytes);
  const copies = new LocalCopies(path.join(data, 'media-cache'), {
    maxBytes: cacheBytes,
    requireSpace,
    meter: options.meter,
  });
  await copies.clean();
  const blobs = new S3BlobStore(bucket, copies);
  const temporary = new TempFolders(temporaryFolder(settings));
  await temporary.sweep();
  return {
    blobs,
    recordings: (failedWith) => new S3RecordingStore(bucket, temporary, failedWith),
    multipart: () => ({ store: new S3MultipartStore(bucket, blobs), disk: null }),
    resumable: () => new S3ResumableStore(bucket),
    ping: () => bucket.ping(),
    close: () => bucket.close(),
  };
}

/** Waits with back-off until the bucket can be used; problems that waiting does not solve end it immediately. */
async function waitForBucket(
  bucket: S3Bucket,
  timeoutMs: number,
  { log, signal }: StorageOptions,
): Promise<void> {
  const onWaiting = (sentence: string): void => log.warn(sentence);
  const notice = new WaitingNotice(`the object storage at ${bucket.address}`, { timeoutMs, onWaiting });
  let problem: StartProblem | null = null;
  const attempt = async (): Promise<void> => {
    problem = await untilAborted(bucket.probe(), signal);
    if (problem) throw unusable(`the object storage at ${bucket.address}: ${problem.reason}`, problem.advice);
  };
  await pRetry(attempt, {
    ...startupRetries({ signal, timeoutMs }),
    shouldRetry: () => {
      if (!problem?.mayPass) return false;
      notice.say(problem.reason, problem.advice);
      return true;
    },
  });
}

const unusable = (reason: string, advice: string): AppError =>
  new AppError('STORAGE_UNUSABLE', { message: `Files cannot be stored: ${reason}. ${advice}` });
