import path from 'node:path';
import { silenceAwsSdkNotice } from '../config/aws-sdk.js';
import type { Settings } from '../config/settings.js';
import { presentImported } from '../controllers/import.presenter.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import { ImageIntakeProcess } from '../engines/image-intake/image-intake-process.js';
import type { Logger } from '../logging/logger.js';
import type { FfmpegTools } from '../media/ffmpeg-locate.js';
import type { ImportBuckets } from '../net/object-download.js';
import { GuardedDownloader, type GuardedDownloaderOptions } from '../net/guarded-downloader.js';
import type { SlowTransfer } from '../services/import-transfer.js';
import { ImportWorker } from '../services/import-worker.js';
import { UploadService } from '../services/upload.service.js';
import type { BlobStore } from '../storage/blob-store.js';
import type { S3ObjectUrls } from '../storage/s3/s3-object-urls.js';
import { DiskImportFolders } from '../storage/import-folders.js';
import { Periodic } from '../workers/periodic.js';
import { createMediaInspector } from './media-inspector.js';

/** How imports differ from the product in a test. */
export interface ImportOverrides {
  readonly downloads?: Partial<GuardedDownloaderOptions>;
  readonly leaseMs?: number;
  readonly retryMs?: number;
  readonly slow?: SlowTransfer;
}

/** The part of a worker that fetches files from URLs. */
export interface WorkerImports {
  readonly periodics: readonly Periodic[];
  /** Interrupts transfers, which are continued by another attempt, and waits until they have stopped. */
  stop(): Promise<void>;
}

/** Dependencies of {@link createWorkerImports}. */
export interface WorkerImportsDeps {
  readonly unitOfWork: UnitOfWork;
  readonly blobs: Pick<BlobStore, 'put' | 'remove'>;
  /** @throws AppError STORAGE_FULL when this many bytes do not fit on disk */
  requireSpace(bytes: number): Promise<void>;
  readonly tools: FfmpegTools;
  readonly log: Logger;
}

const CLAIM_INTERVAL_MS = 1_000;
/** Phase in which no other periodic work of a worker starts. */
const CLAIM_PHASE_MS = 750;
const SWEEP_INTERVAL_MS = 60_000;
const LEASE_MS = 30_000;
const RETRY_MS = 5_000;
/** Files of one user at the same time, so that others have their turn. */
const PER_USER = 2;
const SLOW: SlowTransfer = { bytesPerSecond: 64 * 1024, windowMs: 10_000 };

/** Wires imports from URLs. */
export function createWorkerImports(
  { imports, upload, quota, folders, storage }: Settings,
  { unitOfWork, blobs, requireSpace, tools, ...deps }: WorkerImportsDeps,
  { downloads, leaseMs = LEASE_MS, retryMs = RETRY_MS, slow = SLOW }: ImportOverrides = {},
): WorkerImports {
  const log = deps.log.child({ component: 'imports' });
  const images = new ImageIntakeProcess();
  const inspector = createMediaInspector({ tools, limits: upload, images, requireSpace });
  const importFolders = new DiskImportFolders(path.join(folders.data, 'imports'));
  const { allowPrivate, concurrency, maxBytes, timeoutMs, s3Buckets } = imports;
  const buckets = s3Buckets.length > 0 ? importBuckets(s3Buckets, storage) : undefined;
  const worker = new ImportWorker({
    unitOfWork,
    downloader: new GuardedDownloader({ allowPrivate, timeoutMs, buckets, ...downloads }),
    uploads: new UploadService(unitOfWork, { inspector, store: blobs }, quota),
    inspector,
    folders: importFolders,
    log,
    limits: { maxBytes, concurrency, perUser: PER_USER, slow, timeoutMs, leaseMs, retryMs, quotas: quota },
    present: presentImported,
  });
  const claim = {
    name: 'the claiming of imports',
    intervalMs: CLAIM_INTERVAL_MS,
    firstPauseMs: CLAIM_PHASE_MS,
    run: () => worker.runOnce(),
  };
  const sweep = {
    name: 'the sweep of imports',
    intervalMs: SWEEP_INTERVAL_MS,
    run: () => importFolders.sweep((ids) => unitOfWork.read.imports.unfinishedOf(ids)),
  };
  return {
    periodics: [claim, sweep].map((task) => new Periodic(task, log)),
    stop: async () => {
      await worker.stop();
      images.close();
    },
  };
}

/** Buckets of the account of the settings. The SDK, which takes half a second to load, is loaded by the first import. */
function importBuckets(names: readonly string[], { s3Account }: Settings['storage']): ImportBuckets {
  let urls: Promise<S3ObjectUrls> | undefined;
  const load = async (): Promise<S3ObjectUrls> => {
    silenceAwsSdkNotice();
    const module = await import('../storage/s3/s3-object-urls.js');
    return new module.S3ObjectUrls(s3Account);
  };
  return {
    names,
    isOwnEndpoint: s3Account.endpoint !== undefined,
    sign: async (object) => (await (urls ??= load())).sign(object),
  };
}
