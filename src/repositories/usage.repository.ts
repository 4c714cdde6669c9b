import type { UsageDao } from '../dao/usage.dao.js';
import type { DailyUsage, UsageFilter, UsageRepository } from '../domain/usage.js';

/** Usage in PostgreSQL. */
export class PostgresUsageRepository implements UsageRepository {
  readonly #usage: UsageDao;

  constructor(usage: UsageDao) {
    this.#usage = usage;
  }

  async daily(filter: UsageFilter, limit: number): Promise<readonly DailyUsage[]> {
    const rows = await this.#usage.daily(filter, limit);
    return rows.map(({ date, userId, email, jobs, images, frames, credits, bytes }) => ({
      date,
      userId,
      email,
      jobs: Number(jobs),
      images: Number(images),
      frames: Number(frames),
      credits: BigInt(credits),
      bytes: Number(bytes),
    }));
  }
}
