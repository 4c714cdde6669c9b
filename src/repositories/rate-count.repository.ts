import { createHash } from 'node:crypto';
import type { RateCountDao } from '../dao/rate-count.dao.js';
import type { RateCount, RateCountRepository } from '../domain/rate-count.js';

/**
 * Rate limit counts in PostgreSQL. Keys contain addresses and e-mails of any length, so only their digests
 * are stored.
 */
export class PostgresRateCountRepository implements RateCountRepository {
  readonly #counts: RateCountDao;

  constructor(counts: RateCountDao) {
    this.#counts = counts;
  }

  add(key: string, points: number, seconds: number): Promise<RateCount> {
    return this.#counts.add(digestOf(key), points, seconds);
  }

  find(key: string): Promise<RateCount | null> {
    return this.#counts.find(digestOf(key));
  }

  remove(key: string): Promise<void> {
    return this.#counts.remove(digestOf(key));
  }
}

function digestOf(key: string): string {
  return createHash('sha256').update(key).digest('base64url');
}
