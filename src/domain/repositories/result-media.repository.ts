import type { ResultMedia, StoredResultMedia } from '../result.js';

/** Images and videos of results. They are removed with their result. */
export interface ResultMediaRepository {
  /** Records those of a new result, with their pending previews. Needs a transaction. */
  add(job: { readonly id: string; readonly userId: string }, media: readonly ResultMedia[]): Promise<void>;
  /** Those of a result by position: those after `position`, or from the start. */
  after(jobId: string, position: number | null, limit: number): Promise<readonly StoredResultMedia[]>;
  find(jobId: string, position: number): Promise<StoredResultMedia | null>;
  /** Some with this content, the oldest first; also those of results in the trash. */
  withContent(sha256: string): Promise<readonly StoredResultMedia[]>;
}
