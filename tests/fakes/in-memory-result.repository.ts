import { createHash } from 'node:crypto';
import type { ResultRepository } from '../../src/domain/repositories/result.repository.js';
import type { JobResult } from '../../src/domain/result.js';
import { notFound } from '../../src/errors/common-errors.js';
import { conflict, type InMemoryStore } from './in-memory-store.js';

/** Results in memory, each ZIP as one buffer. */
export class InMemoryResultRepository implements ResultRepository {
  readonly #tables: InMemoryStore;

  constructor(tables: InMemoryStore) {
    this.#tables = tables;
  }

  async store(result: Parameters<ResultRepository['store']>[0]): Promise<JobResult> {
    const { jobId, json } = result;
    const parts: Buffer[] = [];
    for await (const part of result.zip) parts.push(Buffer.from(part));
    if (this.#tables.results.has(jobId)) throw conflict('CONFLICT');
    const zip = Buffer.concat(parts);
    const zipSha256 = createHash('sha256').update(zip).digest('hex');
    const row = { jobId, json, zipBytes: zip.length, zipSha256, createdAt: this.#tables.now() };
    this.#tables.results.set(jobId, row);
    this.#tables.zips.set(jobId, zip);
    return row;
  }

  async find(jobId: string): Promise<JobResult | null> {
    return this.#tables.results.get(jobId) ?? null;
  }

  async exists(jobId: string): Promise<boolean> {
    return this.#tables.results.has(jobId);
  }

  async *readZip(jobId: string, range?: { start: number; end: number }): AsyncGenerator<Buffer> {
    const zip = this.#tables.zips.get(jobId);
    if (!zip) throw notFound('Result of job', jobId);
    const part = range ? zip.subarray(range.start, range.end + 1) : zip;
    if (part.length > 0) yield part;
  }
}
