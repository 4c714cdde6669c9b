import type {
  MediaProcessCounts,
  MediaProcessFailure,
  MediaProcessProgress,
  MediaProcessRequest,
  MediaProcessRun,
} from '../media-list.js';
import type { Page, PageRequest } from './pages.js';

/** Runs that make previews of stored media. */
export interface MediaProcessRepository {
  /** What a run would queue. */
  count(request: MediaProcessRequest): Promise<MediaProcessCounts>;
  /** Creates a run, and wakes workers at commit. Needs a transaction. */
  create(userId: string | null, request: MediaProcessRequest): Promise<MediaProcessRun>;
  /** @throws AppError NOT_FOUND */
  require(id: string): Promise<MediaProcessRun>;
  list(request: PageRequest): Promise<Page<MediaProcessRun>>;
  /**
   * Queues the missing and failed previews of the next `limit` media of the oldest run that is not planned. Needs a
   * transaction.
   * @returns whether there was such a run
   */
  planNext(limit: number): Promise<boolean>;
  progress(id: string): Promise<MediaProcessProgress>;
  failures(id: string, limit: number): Promise<readonly MediaProcessFailure[]>;
}
