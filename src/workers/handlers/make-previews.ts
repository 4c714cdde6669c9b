import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { v7 as uuidv7 } from 'uuid';
import type { Media, MediaKind } from '../../domain/dataset.js';
import {
  MAX_PREVIEW_ATTEMPTS,
  previewKindsOf,
  type Preview,
  type PreviewKind,
  type ProxyEncoder,
} from '../../domain/preview.js';
import type { UnitOfWork } from '../../domain/repositories/unit-of-work.js';
import { AppError, isRetryable, messageOf } from '../../errors/app-error.js';
import type { PreviewMakerProcess } from '../../engines/preview-maker/preview-maker-process.js';
import type { PreviewWork } from '../../engines/preview-maker/preview-work.js';
import type { Logger } from '../../logging/logger.js';
import type { PayloadOf } from '../../queue/jobs.js';
import type { BlobStore } from '../../storage/blob-store.js';
import type { TempFolder, TempFolders } from '../../storage/temp-folders.js';
import type { JobOutcome } from '../job-outcome.js';
import { removeAnnounced } from '../../services/remove-announced.js';

/** Dependencies of {@link MakePreviewsHandler}. */
export interface MakePreviewsDeps {
  readonly unitOfWork: UnitOfWork;
  readonly maker: Pick<PreviewMakerProcess, 'make'>;
  readonly blobs: Pick<BlobStore, 'put' | 'borrow' | 'remove'>;
  readonly tempFolders: TempFolders;
  readonly log: Logger;
  readonly settings: PreviewSettings;
}

/** Name of a file of a result in the temporary folder. */
const RESULT_COPY = 'result-file';

/** Settings of every preview. */
interface PreviewSettings {
  readonly tools: PreviewWork['tools'];
  readonly encoder: ProxyEncoder;
  readonly threads: number;
  readonly timeoutMs: number;
}

type Made = Awaited<ReturnType<PreviewMakerProcess['make']>>;

/** A file with a content; disposing it releases the file. */
interface Source extends AsyncDisposable {
  readonly kind: MediaKind;
  /** Null for files of results. */
  readonly media: Media | null;
  readonly path: string;
}

/**
 * Makes all pending previews of one content, one after the other. Each has its own outcome in its row; the message is retried
 * when one of them may succeed later. Attempts are counted before they start, so a file that takes the worker down with it
 * ends as failed.
 */
export class MakePreviewsHandler {
  readonly #deps: MakePreviewsDeps;
  readonly #stop = new AbortController();

  constructor(deps: MakePreviewsDeps) {
    this.#deps = deps;
  }

  /** Interrupts the preview that is being made; its message is requeued. */
  stop(): void {
    this.#stop.abort(new AppError('STOPPED', { message: 'The worker is shutting down.' }));
  }

  async handle({ sha256 }: PayloadOf<'media.preview'>): Promise<JobOutcome> {
    const folder = await this.#deps.tempFolders.create('previews', randomUUID());
    try {
      return await this.#makeAll(sha256, folder);
    } finally {
      await folder.remove();
    }
  }

  async #makeAll(sha256: string, folder: TempFolder): Promise<JobOutcome> {
    const { previews } = this.#deps.unitOfWork.read;
    const tried: PreviewKind[] = [];
    let retry: string | undefined;
    for (;;) {
      if (this.#stop.signal.aborted) return { kind: 'requeued' };
      const preview = await previews.begin(sha256, tried);
      if (!preview) break;
      const { kind } = preview;
      tried.push(kind);
      const started = performance.now();
      const error = await this.#make(preview, folder).catch((reason: unknown) => reason);
      if (error === undefined) continue;
      if (this.#stop.signal.aborted) {
        await previews.uncount(sha256, kind);
        return { kind: 'requeued' };
      }
      const overdue = performance.now() - started >= this.#deps.settings.timeoutMs;
      if (await this.#leave(preview, error, overdue)) retry = messageOf(error);
    }
    return retry === undefined ? { kind: 'completed' } : { kind: 'retried', message: retry };
  }

  /** Makes and records one preview. Nothing is recorded when files and preview were deleted meanwhile. */
  async #make(preview: Preview, folder: TempFolder): Promise<void> {
    const { sha256, kind, attempts } = preview;
    if (attempts > MAX_PREVIEW_ATTEMPTS) throw workerLost(kind);
    await using source = (await this.#openMedia(sha256)) ?? (await this.#openResult(sha256, folder));
    if (source === null) return;
    const { media, path } = source;
    if (!previewKindsOf(source.kind).includes(kind)) throw notOfThisKind(source.kind, kind);
    const made = await this.#deps.maker.make(
      {
        kind,
        path,
        media: source.kind,
        video: media?.kind === 'video' ? storedVideoOf(media) : null,
        folder: folder.path,
        ...this.#deps.settings,
      },
      this.#stop.signal,
    );
    await this.#record(preview, made);
  }

  /** A stored file with the content; null when no media has it. */
  async #openMedia(sha256: string): Promise<Source | null> {
    const media = await this.#deps.unitOfWork.read.previews.mediaOf(sha256);
    return firstReadable(media, async (candidate) => {
      const file = await this.#deps.blobs.borrow(candidate.storageKey, sha256);
      const release = () => file[Symbol.asyncDispose]();
      return { kind: candidate.kind, media: candidate, path: file.path, [Symbol.asyncDispose]: release };
    });
  }

  /** A copy of a file of a result with the content, for all previews of it; null when no result has it. */
  async #openResult(sha256: string, folder: TempFolder): Promise<Source | null> {
    const { resultMedia, results } = this.#deps.unitOfWork.read;
    const path = folder.file(RESULT_COPY);
    return firstReadable(await resultMedia.withContent(sha256), async ({ jobId, kind, offset, bytes }) => {
      const copied = await stat(path).catch(() => null);
      if (copied?.size !== bytes) {
        const content = results.readZip(jobId, { start: offset, end: offset + bytes - 1 });
        await pipeline(content, createWriteStream(path, { mode: 0o600 }));
      }
      return { kind, media: null, path, [Symbol.asyncDispose]: async () => undefined };
    });
  }

  async #record({ sha256, kind }: Preview, { files, facts }: Made): Promise<void> {
    const { blobs, unitOfWork } = this.#deps;
    const rows = files.map(({ path, ...file }) => ({ path, row: { ...file, storageKey: uuidv7() } }));
    const keys = rows.map(({ row }) => row.storageKey);
    // Listed while no row names them, so that those of a killed worker are removed later.
    await unitOfWork.read.retention.announceFiles(keys);
    let former: readonly string[] | null;
    try {
      for (const { path, row } of rows) await blobs.put(path, { key: row.storageKey });
      former = await unitOfWork.run(async ({ previews, retention }) => {
        const replaced = await previews.complete(sha256, kind, { facts, files: rows.map(({ row }) => row) });
        if (!replaced) return null;
        await retention.claimFiles(keys);
        await retention.announceFiles(replaced);
        return replaced;
      });
    } catch (error) {
      // A commit whose outcome is unknown may have succeeded: then the files are needed.
      if (!(error instanceof AppError && error.kind === 'unavailable')) await this.#remove(keys);
      throw error;
    }
    await this.#remove(former ?? keys);
    this.#deps.log.debug('A preview was made.', { sha256, kind, files: files.length });
  }

  async #remove(keys: readonly string[]): Promise<void> {
    const { blobs, unitOfWork } = this.#deps;
    await removeAnnounced(keys, { blobs, retention: unitOfWork.read.retention });
  }

  /**
   * Records a failure that is final; what took too long once would do so again.
   * @returns whether another attempt may succeed
   */
  async #leave({ sha256, kind, attempts }: Preview, error: unknown, overdue: boolean): Promise<boolean> {
    const retryable = isRetryable(error) && !overdue && attempts < MAX_PREVIEW_ATTEMPTS;
    this.#deps.log.warn('A preview was not made.', {
      err: error,
      sha256,
      kind,
      attempt: attempts,
      retryable,
    });
    if (retryable) return true;
    // A message of an unknown error may contain paths of the server.
    const known = error instanceof AppError ? error : workerLost(kind);
    await this.#deps.unitOfWork.read.previews.fail(sha256, kind, {
      code: known.code,
      message: known.message,
    });
    return false;
  }
}

const workerLost = (kind: PreviewKind): AppError =>
  new AppError('PREVIEW_NOT_MADE', {
    message: `The ${kind} could not be made in ${MAX_PREVIEW_ATTEMPTS} attempts.`,
  });

const notOfThisKind = (kind: MediaKind, preview: PreviewKind): AppError =>
  new AppError('PREVIEW_NONE', { message: `There is no ${preview} of ${kind}s.` });

const storedVideoOf = ({ width, height, frameCount, frameSource }: Media): PreviewWork['video'] => ({
  width,
  height,
  frameCount,
  frameSource,
});

/** The first of some files that can be read; null when there are none. @throws the error of the last one */
async function firstReadable<File>(
  files: readonly File[],
  open: (file: File) => Promise<Source>,
): Promise<Source | null> {
  for (const [index, file] of files.entries()) {
    try {
      return await open(file);
    } catch (error) {
      if (index === files.length - 1) throw error;
    }
  }
  return null;
}
