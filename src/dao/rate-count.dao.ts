import RateLimiterPostgres from 'rate-limiter-flexible/lib/RateLimiterPostgres.js';
import type { RateCount } from '../domain/rate-count.js';
import { Dao } from './dao.js';

/** What the library asks of its client. */
interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Table `rate_counts`, in the form and by the statements of rate-limiter-flexible. */
export class RateCountDao extends Dao {
  #limiter: RateLimiterPostgres | undefined;

  /** Made at the first use, since it starts a timer: every five minutes it removes rows that ended an hour ago. */
  get #counts(): RateLimiterPostgres {
    return (this.#limiter ??= new RateLimiterPostgres({
      storeClient: { query: (statement: Statement) => this.#query(statement) },
      storeType: 'client',
      tableName: 'rate_counts',
      // A migration makes it.
      tableCreated: true,
      keyPrefix: '',
      // How many are too many is decided by who counts.
      points: 0,
      duration: 1,
    }));
  }

  async #query({ name, text, values }: Statement) {
    const rows = await this.preparedRows({ name, text }, values);
    return { rows, rowCount: rows.length };
  }

  /** Adds to a count, which starts again when it has ended. */
  async add(key: string, points: number, seconds: number): Promise<RateCount> {
    const { consumedPoints, msBeforeNext } = await this.#counts.penalty(key, points, {
      customDuration: seconds,
    });
    return { points: consumedPoints, endsInMs: msBeforeNext };
  }

  /** Null where nothing was counted, or the count has ended. */
  async find(key: string): Promise<RateCount | null> {
    const count = await this.#counts.get(key);
    return count && { points: count.consumedPoints, endsInMs: count.msBeforeNext };
  }

  async remove(key: string): Promise<void> {
    await this.#counts.delete(key);
  }
}
