import type { JobResult } from '../result.js';

/** Results; the ZIP is written and read as a stream of chunk rows. */
export interface ResultRepository {
  store(result: { jobId: string; json: JobResult['json']; zip: AsyncIterable<Buffer> }): Promise<JobResult>;
  find(jobId: string): Promise<JobResult | null>;
  /** Whether a job has a result that is not in the trash. */
  exists(jobId: string): Promise<boolean>;
  /** Bytes of the ZIP from `start` to `end` inclusive, also of a result in the trash. */
  readZip(jobId: string, range?: { start: number; end: number }): AsyncIterable<Buffer>;
}
