import RateLimiterPostgres from 'rate-limiter-flexible/lib/RateLimiterPostgres.js';
import type { RateCount } from '../domain/rate-count.js';
import { Dao } from './dao.js';

/** The statement interface that the library expects of its client. */
interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Table `rate_counts`, with the schema and statements of rate-limiter-flexible. */
export class RateCountDao extends Dao {
  #limiter: RateLimiterPostgres | undefined;

  /**
   * Created on first use, because it starts a timer, which removes expired rows every five minutes, an hour
   * after their end.
   */
  get #counts(): RateLimiterPostgres {
    return (this.#limiter ??= new RateLimiterPostgres({
      storeClient: { query: (statement: Statement) => this.#query(statement) },
      storeType: 'client',
      tableName: 'rate_counts',
      // The table is created by a migration.
      tableCreated: true,
      keyPrefix: '',
      // Limits are applied by the callers.
      points: 0,
      duration: 1,
    }));
  }

  async #query({ name, text, values }: Statement) {
    const rows = await this.preparedRows({ name, text }, values);
    return { rows, rowCount: rows.length };
  }

  /** Adds points to a count; an expired count starts again. */
  async add(key: string, points: number, seconds: number): Promise<RateCount> {
    const { consumedPoints, msBeforeNext } = await this.#counts.penalty(key, points, {
      customDuration: seconds,
    });
    return { points: consumedPoints, endsInMs: msBeforeNext };
  }

  /** Null when nothing was counted or the count has expired. */
  async find(key: string): Promise<RateCount | null> {
    const count = await this.#counts.get(key);
    return count && { points: count.consumedPoints, endsInMs: count.msBeforeNext };
  }

  async remove(key: string): Promise<void> {
    await this.#counts.delete(key);
  }
}
