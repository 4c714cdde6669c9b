import { createHash } from 'node:crypto';
import type { ResultChunkDao } from '../dao/result-chunk.dao.js';
import type { ResultDao } from '../dao/result.dao.js';
import type { ResultRepository } from '../domain/repositories/result.repository.js';
import { RESULT_CHUNK_BYTES, type JobResult } from '../domain/result.js';
import { AppError } from '../errors/app-error.js';
import { notFound } from '../errors/common-errors.js';
import { inChunksOf } from './chunks.js';

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Results in PostgreSQL; a ZIP is streamed in chunks in both directions. */
export class PostgresResultRepository implements ResultRepository {
  readonly #results: ResultDao;
  readonly #chunks: ResultChunkDao;

  constructor(results: ResultDao, chunks: ResultChunkDao) {
    this.#results = results;
    this.#chunks = chunks;
  }

  async store(result: Parameters<ResultRepository['store']>[0]): Promise<JobResult> {
    const { jobId, json, zip } = result;
    const whole = createHash('sha256');
    let zipBytes = 0;
    let n = 0;
    for await (const bytes of inChunksOf(RESULT_CHUNK_BYTES, zip)) {
      whole.update(bytes);
      await this.#chunks.insert({ jobId, n, bytes, sha256: sha256(bytes) });
      zipBytes += bytes.length;
      n += 1;
    }
    return this.#results.insert({ jobId, json, zipBytes, zipSha256: whole.digest('hex') });
  }

  async find(jobId: string): Promise<JobResult | null> {
    return this.#results.findByJob(jobId);
  }

  async exists(jobId: string): Promise<boolean> {
    return this.#results.exists(jobId);
  }

  /** A range beyond the end of the ZIP is truncated; one that starts there is empty. Includes results in the trash. */
  async *readZip(jobId: string, range?: { start: number; end: number }): AsyncGenerator<Buffer> {
    const length = await this.#results.findZipBytes(jobId);
    if (length === null) throw notFound('Result of job', jobId);
    const start = Math.max(0, range?.start ?? 0);
    const end = Math.min(length - 1, range?.end ?? length - 1);
    for (let n = Math.floor(start / RESULT_CHUNK_BYTES); n * RESULT_CHUNK_BYTES <= end; n += 1) {
      const bytes = await this.#readChunk(jobId, n);
      const offset = n * RESULT_CHUNK_BYTES;
      const part = bytes.subarray(Math.max(0, start - offset), end + 1 - offset);
      if (part.length > 0) yield part;
    }
  }

  async #readChunk(jobId: string, n: number): Promise<Buffer> {
    const chunk = await this.#chunks.find(jobId, n);
    if (!chunk || sha256(chunk.bytes) !== chunk.sha256) {
      throw new AppError('RESULT_CORRUPT', {
        message: `Part ${n} of the ZIP of job ${jobId} is ${chunk ? 'damaged' : 'missing'}.`,
        details: { jobId, part: n },
      });
    }
    return chunk.bytes;
  }
}
