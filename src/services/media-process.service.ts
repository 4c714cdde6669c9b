import type {
  MediaProcessCounts,
  MediaProcessFailure,
  MediaProcessProgress,
  MediaProcessRequest,
  MediaProcessRun,
} from '../domain/media-list.js';
import type { Page, PageRequest } from '../domain/repositories/pages.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import { notFound } from '../errors/common-errors.js';

/** A run, how far it is, and what it could not make. */
export interface MediaProcessReport {
  readonly run: MediaProcessRun;
  readonly progress: MediaProcessProgress;
  /** The first {@link MAX_FAILURES} failures; `progress` counts all. */
  readonly failures: readonly MediaProcessFailure[];
}

const MAX_FAILURES = 100;
const MEDIA_PER_TRANSACTION = 200;

/**
 * Makes previews of stored media: those of earlier versions, of kinds that were switched off, and failed ones. A run may be
 * repeated: it queues only what is missing, unless ready previews are to be made again.
 */
export class MediaProcessService {
  readonly #unitOfWork: UnitOfWork;

  constructor(unitOfWork: UnitOfWork) {
    this.#unitOfWork = unitOfWork;
  }

  /** What {@link start} would queue. @throws AppError NOT_FOUND for an unknown dataset */
  async quote(request: MediaProcessRequest): Promise<MediaProcessCounts> {
    await this.#requireDataset(request);
    return this.#unitOfWork.read.mediaProcess.count(request);
  }

  /**
   * Starts a run; workers look at its media and queue their previews.
   * @param userId who asks; null on the command line
   * @throws AppError NOT_FOUND for an unknown dataset
   */
  async start(userId: string | null, request: MediaProcessRequest): Promise<MediaProcessRun> {
    await this.#requireDataset(request);
    return this.#unitOfWork.run(({ mediaProcess }) => mediaProcess.create(userId, request));
  }

  /** @throws AppError NOT_FOUND. */
  async report(id: string): Promise<MediaProcessReport> {
    const { mediaProcess } = this.#unitOfWork.read;
    const run = await mediaProcess.require(id);
    const [progress, failures] = await Promise.all([
      mediaProcess.progress(id),
      mediaProcess.failures(id, MAX_FAILURES),
    ]);
    return { run, progress, failures };
  }

  list(request: PageRequest): Promise<Page<MediaProcessRun>> {
    return this.#unitOfWork.read.mediaProcess.list(request);
  }

  /** Queues the previews of all runs, a few media per transaction; another worker continues where this one ends. */
  async plan(): Promise<void> {
    while (await this.#unitOfWork.run(({ mediaProcess }) => mediaProcess.planNext(MEDIA_PER_TRANSACTION)));
  }

  async #requireDataset({ datasetId }: MediaProcessRequest): Promise<void> {
    if (datasetId === undefined) return;
    const [dataset] = await this.#unitOfWork.read.datasets.findByIds([datasetId]);
    if (dataset?.deletedAt !== null) throw notFound('Dataset', datasetId);
  }
}
