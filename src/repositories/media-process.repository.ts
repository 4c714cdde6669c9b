import { v7 as uuid } from 'uuid';
import type { Daos } from '../dao/daos.js';
import type {
  MediaProcessCounts,
  MediaProcessFailure,
  MediaProcessProgress,
  MediaProcessRequest,
  MediaProcessRun,
} from '../domain/media-list.js';
import type { MediaProcessRepository } from '../domain/repositories/media-process.repository.js';
import type { Page, PageRequest } from '../domain/repositories/pages.js';
import { notFound } from '../errors/common-errors.js';
import { decodeCursor, pageOf } from './page-cursor.js';

/** Runs over stored media in PostgreSQL. */
export class PostgresMediaProcessRepository implements MediaProcessRepository {
  readonly #runs: Daos['mediaProcess'];
  readonly #previews: Daos['mediaPreviews'];

  constructor({ mediaProcess, mediaPreviews }: Pick<Daos, 'mediaProcess' | 'mediaPreviews'>) {
    this.#runs = mediaProcess;
    this.#previews = mediaPreviews;
  }

  async count(request: MediaProcessRequest): Promise<MediaProcessCounts> {
    return this.#runs.count(request);
  }

  async create(userId: string | null, request: MediaProcessRequest): Promise<MediaProcessRun> {
    const run = await this.#runs.insert(uuid(), userId, request);
    await this.#previews.notify();
    return run;
  }

  async require(id: string): Promise<MediaProcessRun> {
    const run = await this.#runs.find(id);
    if (!run) throw notFound('Run', id);
    return run;
  }

  async list({ limit, cursor }: PageRequest): Promise<Page<MediaProcessRun>> {
    const olderThan = cursor === undefined ? undefined : decodeCursor(cursor);
    return pageOf(await this.#runs.list(limit + 1, olderThan), limit);
  }

  async planNext(limit: number): Promise<boolean> {
    const run = await this.#runs.lockUnplanned();
    if (!run) return false;
    await this.#runs.planPage(run, limit);
    await this.#previews.notify();
    return true;
  }

  async progress(id: string): Promise<MediaProcessProgress> {
    return this.#runs.progress(id);
  }

  async failures(id: string, limit: number): Promise<readonly MediaProcessFailure[]> {
    return this.#runs.failures(id, limit);
  }
}
