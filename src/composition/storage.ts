import { silenceAwsSdkNotice } from '../config/aws-sdk.js';
import type { Settings } from '../config/settings.js';
import { DiskBlobStore } from '../storage/disk-blob-store.js';
import { DiskMultipartStore } from '../storage/disk-multipart-store.js';
import { DiskResumableStore } from '../storage/disk-resumable-store.js';
import { DiskRecordingStore } from '../storage/disk-recording-store.js';
import { DiskSpaceGuard, type DiskReserve } from '../storage/disk-space.js';
import { FallbackBlobStore } from '../storage/fallback-blob-store.js';
import { FallbackRecordingStore } from '../storage/fallback-recording-store.js';
import { probeWrite } from '../storage/folders.js';
import { MeteredBlobStore } from '../storage/metered-blob-store.js';
import { StorageMeter } from '../storage/storage-meter.js';
import type { StorageBackend, StorageOptions } from './storage-backend.js';

/** Where media and recordings are stored. */
export interface Storage extends StorageBackend {
  /** Limits uploads and jobs by the free space of the disk to which they write. */
  diskGuard(reserve: DiskReserve): DiskSpaceGuard;
  /** Counts the operations of this process. */
  readonly meter: StorageMeter;
}

type Kind = Settings['storage']['kind'];

/**
 * Opens the configured storage. With `STORAGE_FALLBACK` files are also found in the other one.
 * @throws AppError STORAGE_UNUSABLE when an object storage cannot be used within `STARTUP_TIMEOUT`
 */
export async function openStorage(settings: Settings, options: StorageOptions): Promise<Storage> {
  const { kind, fallback } = settings.storage;
  const meter = new StorageMeter();
  const open = async (which: Kind): Promise<StorageBackend> => {
    const opened = await openBackend(which, settings, { ...options, meter });
    return { ...opened, blobs: new MeteredBlobStore(opened.blobs, which, meter) };
  };
  const primary = await open(kind);
  const backend = fallback ? withFallback(primary, await open(fallback)) : primary;
  const { media, data } = settings.folders;
  const folder = kind === 'disk' ? media : data;
  return { ...backend, meter, diskGuard: (reserve) => new DiskSpaceGuard(folder, reserve) };
}

/** Opens one of the two kinds of storage, whichever is configured. @throws AppError STORAGE_UNUSABLE */
export async function openBackend(
  kind: Kind,
  settings: Settings,
  options: StorageOptions,
): Promise<StorageBackend> {
  if (kind === 'disk') return diskBackend(settings.folders.media);
  silenceAwsSdkNotice();
  // The SDK takes half a second to load.
  const { openS3Backend } = await import('./s3-storage.js');
  return openS3Backend(settings, options);
}

/** Storage in a folder. */
function diskBackend(media: string): StorageBackend {
  const blobs = new DiskBlobStore(media);
  return {
    blobs,
    recordings: (failedWith) => new DiskRecordingStore(media, failedWith),
    multipart: (sign) => {
      const disk = new DiskMultipartStore(media, blobs, sign);
      return { store: disk, disk };
    },
    resumable: () => new DiskResumableStore(media),
    ping: () => probeWrite(media),
    close: () => undefined,
  };
}

const withFallback = (primary: StorageBackend, fallback: StorageBackend): StorageBackend => ({
  ...primary,
  blobs: new FallbackBlobStore(primary.blobs, fallback.blobs),
  recordings: (failedWith) =>
    new FallbackRecordingStore(primary.recordings(failedWith), fallback.recordings(failedWith)),
  close: () => {
    primary.close();
    fallback.close();
  },
});
