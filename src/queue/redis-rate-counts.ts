import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import RateLimiterRedis from 'rate-limiter-flexible/lib/RateLimiterRedis.js';
import type { RateCount, RateCountRepository } from '../domain/rate-count.js';

/**
 * Rate limit counts in Redis, by the script of rate-limiter-flexible. Keys contain addresses and e-mails of any length, so
 * only their digests are stored. A command fails at once while there is no connection.
 */
export class RedisRateCounts implements RateCountRepository {
  readonly #counts: RateLimiterRedis;

  constructor(redis: Redis, prefix: string) {
    this.#counts = new RateLimiterRedis({
      storeClient: redis,
      keyPrefix: `${prefix || 'infernode'}:rates`,
      rejectIfRedisNotReady: true,
      // Limits are applied by the callers.
      points: 0,
      duration: 1,
    });
  }

  async add(key: string, points: number, seconds: number): Promise<RateCount> {
    const count = await this.#counts.penalty(digestOf(key), points, { customDuration: seconds });
    return { points: count.consumedPoints, endsInMs: count.msBeforeNext };
  }

  async find(key: string): Promise<RateCount | null> {
    const count = await this.#counts.get(digestOf(key));
    return count && { points: count.consumedPoints, endsInMs: count.msBeforeNext };
  }

  async remove(key: string): Promise<void> {
    await this.#counts.delete(digestOf(key));
  }
}

const digestOf = (key: string): string => createHash('sha256').update(key).digest('base64url');
