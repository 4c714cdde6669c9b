import path from 'node:path';
import type { FileDownloader } from '../domain/download.js';
import { MAX_IMPORT_ATTEMPTS, type ClaimedImport } from '../domain/import.js';
import { effectiveLimits, leftOf, type UserLimits } from '../domain/quota.js';
import type { TransactionScope, UnitOfWork } from '../domain/repositories/unit-of-work.js';
import { AppError } from '../errors/app-error.js';
import type { ErrorKind } from '../errors/error-kind.js';
import { withLogContext } from '../logging/log-context.js';
import type { Logger } from '../logging/logger.js';
import {
  ImportProgress,
  inWorkFolder,
  type Fetched,
  type FetchedFile,
  type SlowTransfer,
} from './import-transfer.js';
import { endImportFile, releaseImportFile } from './import-holds.js';
import type { UploadContent } from './upload-content.js';
import type { MediaInspector } from './upload-inspection.js';
import { requireUploadFits } from './upload-quota.js';
import type { UploadOutcome, UploadService } from './upload.service.js';

/** A folder for one file of an import, which outlives the process so that another attempt continues. */
interface ImportFolders {
  /** Creates the folder unless it exists. */
  open(fileId: string): Promise<{ readonly path: string; remove(): Promise<void> }>;
}

/** Dependencies of {@link ImportWorker}. */
export interface ImportWorkerDeps {
  readonly unitOfWork: UnitOfWork;
  readonly downloader: FileDownloader;
  readonly uploads: Pick<UploadService, 'add'>;
  readonly inspector: Pick<MediaInspector, 'kindOf' | 'requireSpace'>;
  readonly folders: ImportFolders;
  readonly log: Logger;
  readonly limits: ImportWorkerLimits;
  /** What the API answers about a stored file. */
  present(claimed: ClaimedImport, outcome: UploadOutcome): unknown;
}

/** Limits of {@link ImportWorker}. */
interface ImportWorkerLimits {
  /** Maximum size of a file in bytes. */
  readonly maxBytes: number;
  /** Files at the same time, without those whose transfer is slow. */
  readonly concurrency: number;
  readonly perUser: number;
  readonly slow: SlowTransfer;
  /** Time for a whole file. */
  readonly timeoutMs: number;
  readonly leaseMs: number;
  /** Pause before the second attempt, doubled for the third. */
  readonly retryMs: number;
  readonly quotas: UserLimits;
}

/** Kinds of errors after which another attempt may succeed. */
const PASSING_KINDS: ReadonlySet<ErrorKind> = new Set<ErrorKind>([
  ...(['internal', 'unavailable', 'timeout', 'storage_full', 'conflict'] as const),
]);

/** Files at the same time, slow ones included, as a multiple of the concurrency. */
const MAX_RUNNING_FACTOR = 4;

/** Thrown where a file was cancelled, or another worker has claimed it. */
class ClaimLost extends Error {
  constructor() {
    super('The claim on the file is lost.');
    this.name = 'ClaimLost';
  }
}

/** Fetches files of imports and makes them media, by the inspection and the transaction of all uploads. */
export class ImportWorker {
  readonly #deps: ImportWorkerDeps;
  readonly #running = new Map<Promise<void>, ImportProgress>();
  readonly #stopped = new AbortController();

  constructor(deps: ImportWorkerDeps) {
    this.#deps = deps;
  }

  /** Claims files while there is capacity; does not wait for them. */
  async runOnce(): Promise<void> {
    const { unitOfWork, limits } = this.#deps;
    const { leaseMs, perUser } = limits;
    while (this.#hasCapacity() && !this.#stopped.signal.aborted) {
      const claimed = await unitOfWork.read.imports.claim({ leaseMs, perUser });
      if (!claimed) return;
      const progress = new ImportProgress(claimed.file);
      const work = withLogContext({ userId: claimed.batch.userId }, () => this.#process(claimed, progress));
      this.#running.set(work, progress);
      void work.finally(() => this.#running.delete(work));
    }
  }

  /** Slow transfers cost next to nothing: users whose servers are slow do not make others wait. */
  #hasCapacity(): boolean {
    const { concurrency, slow } = this.#deps.limits;
    const busy = [...this.#running.values()].filter((progress) => !progress.isSlow(slow));
    return busy.length < concurrency && this.#running.size < MAX_RUNNING_FACTOR * concurrency;
  }

  /** Interrupts running transfers, which other workers continue, and waits until they have stopped. */
  async stop(): Promise<void> {
    this.#stopped.abort(new ClaimLost());
    await this.idle();
  }

  /** Resolves when no file is being imported. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running.keys());
  }

  /** Never throws: an error is recorded, or another worker claims the file after the lease. */
  async #process(claimed: ClaimedImport, progress: ImportProgress): Promise<void> {
    const { log } = this.#deps;
    const { id, fence } = claimed.file;
    try {
      await this.#import(claimed, progress).catch((error: unknown) => this.#fail(claimed, error));
    } catch (err) {
      log.warn('The state of an imported file could not be recorded.', { importFileId: id, fence, err });
    }
  }

  async #import(claimed: ClaimedImport, progress: ImportProgress): Promise<void> {
    const { file } = claimed;
    if (file.attempt > MAX_IMPORT_ATTEMPTS)
      throw new AppError('IMPORT_INTERRUPTED', { message: 'The importing process ended several times.' });
    const folder = await this.#deps.folders.open(file.id);
    const lost = new AbortController();
    const signal = AbortSignal.any([lost.signal, this.#stopped.signal]);
    const renewal = setInterval(() => void this.#renew(progress, lost), this.#deps.limits.leaseMs / 3);
    try {
      const source = await this.#fetch(file.url, path.join(folder.path, 'source'), { progress, signal });
      const mask =
        file.maskUrl === null
          ? undefined
          : await this.#fetch(file.maskUrl, path.join(folder.path, 'mask'), { progress, signal });
      progress.arrived();
      await this.#add(claimed, await inWorkFolder(folder.path, file, { source, mask, signal }));
    } finally {
      clearInterval(renewal);
    }
    await folder.remove();
  }

  async #renew(progress: ImportProgress, lost: AbortController): Promise<void> {
    const { unitOfWork, limits } = this.#deps;
    try {
      if (!(await unitOfWork.read.imports.renew(progress.lease, limits.leaseMs, progress)))
        lost.abort(new ClaimLost());
    } catch {
      // Another renewal follows before the lease ends; the claim is checked again before the charge.
    }
  }

  async #fetch(
    url: string,
    target: string,
    { progress, signal }: { readonly progress: ImportProgress; readonly signal: AbortSignal },
  ): Promise<FetchedFile> {
    const { downloader, limits, inspector } = this.#deps;
    const maxBytes = Math.max(0, Math.min(limits.maxBytes, await this.#quotaLeft(progress)));
    progress.next();
    const file = await downloader.fetch({
      ...{ url, target, maxBytes, signal },
      onSize: async (bytes) => {
        progress.totalBytes = bytes;
        // The download itself refuses a file that is too large.
        if (bytes === null || bytes > limits.maxBytes) return;
        await this.#reserve(progress, bytes);
        await inspector.requireSpace(bytes);
      },
      onProgress: (bytes) => progress.report(bytes),
    });
    return { ...file, path: target };
  }

  /** Bytes that the user may still upload, with those of this file. */
  async #quotaLeft({ file, bytes }: ImportProgress): Promise<number> {
    const { unitOfWork, limits } = this.#deps;
    return unitOfWork.run(async ({ quotas }) => {
      const { storageBytes, uploadBytesPerDay } = effectiveLimits(
        limits.quotas,
        await quotas.overrides(file.userId),
      );
      const usage = await quotas.lockUsage(file.userId, file.id);
      const stored = leftOf(storageBytes, usage.storageBytes + usage.reservedBytes) ?? Infinity;
      const uploaded = leftOf(uploadBytesPerDay, usage.uploadedBytes + usage.reservedBytes) ?? Infinity;
      return Math.min(stored, uploaded) - bytes;
    });
  }

  /** Reserves the declared size, together with what has arrived before. */
  async #reserve({ file, earlierBytes }: ImportProgress, size: number): Promise<void> {
    const { unitOfWork, limits } = this.#deps;
    const bytes = earlierBytes + size;
    await unitOfWork.run(async ({ quotas }) => {
      const own = effectiveLimits(limits.quotas, await quotas.overrides(file.userId));
      const usage = await quotas.lockUsage(file.userId, file.id);
      requireUploadFits({ limits: own, usage, stored: bytes, uploaded: bytes });
      await quotas.release(file.id);
      await quotas.reserve({ id: file.id, userId: file.userId, bytes, lifetimeMs: 2 * limits.timeoutMs });
    });
  }

  async #add(claimed: ClaimedImport, fetched: Fetched): Promise<void> {
    const { uploads, present } = this.#deps;
    const { file, batch } = claimed;
    const { source, mask, signal } = fetched;
    const upload = {
      principal: { userId: batch.userId },
      ...{ datasetId: batch.datasetId, title: file.name, uploadId: file.id, reservation: file.id, signal },
      receivedBytes: source.bytes + (mask?.bytes ?? 0),
      content: await this.#contentOf(claimed, fetched),
      before: async (scope: TransactionScope) => {
        const row = await scope.imports.lockClaimed(file);
        if (!row) throw new ClaimLost();
        await releaseImportFile(scope, row);
      },
    };
    await uploads.add(upload, {
      record: (scope, outcome) =>
        scope.imports.complete(file.id, present(claimed, outcome), upload.receivedBytes),
    });
  }

  async #contentOf({ file, batch }: ClaimedImport, { source, mask }: Fetched): Promise<UploadContent> {
    const { kind, options } = batch;
    const { name } = file;
    if (kind !== 'pairs') {
      const isArchive = (await this.#deps.inspector.kindOf(source.path)) === 'zip';
      return { kind, form: { name, isArchive, file: source } };
    }
    const given = mask && ({ kind: 'file', file: { ...mask, name: `${name} mask` } } as const);
    return {
      kind,
      form: {
        images: [{ ...source, name }],
        ...(given && { mask: given }),
        fits: options.fitsMasks,
        strict: options.strict ?? false,
        fps: options.fps,
      },
    };
  }

  /** Records a failure, or lets another attempt follow. */
  async #fail({ file }: ClaimedImport, error: unknown): Promise<void> {
    const { unitOfWork, folders, limits, log } = this.#deps;
    const { imports } = unitOfWork.read;
    if (this.#stopped.signal.aborted) {
      await imports.requeue(file, 0, false);
      return;
    }
    if (error instanceof ClaimLost) return;
    const known = error instanceof AppError ? error : null;
    if (!known) log.error('A file could not be imported.', { importFileId: file.id, err: error });
    if ((known === null || PASSING_KINDS.has(known.kind)) && file.attempt < MAX_IMPORT_ATTEMPTS) {
      await imports.requeue(file, limits.retryMs * 2 ** (file.attempt - 1), true);
      return;
    }
    const { code, message } = known ?? { code: 'INTERNAL', message: 'The file could not be imported.' };
    await unitOfWork.run(async (scope) => {
      const row = await scope.imports.lockClaimed(file);
      if (row) await endImportFile(scope, row, { state: 'failed', problem: { code, message } });
    });
    await (await folders.open(file.id)).remove();
  }
}
