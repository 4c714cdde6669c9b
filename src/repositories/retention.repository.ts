import type { RetentionDao } from '../dao/retention.dao.js';
import type { RetentionRepository, RetentionStep } from '../domain/repositories/trash.repository.js';
import { AppError } from '../errors/app-error.js';

/** Files that no row names this long after they were announced belong to a process that was killed. */
const MAX_ARRIVAL_HOURS = 24;

/** Removal of what is due, in PostgreSQL. */
export class PostgresRetentionRepository implements RetentionRepository {
  readonly #rows: RetentionDao;

  constructor(rows: RetentionDao) {
    this.#rows = rows;
  }

  async purgeMedia({ trash, limit }: RetentionStep): Promise<number> {
    return this.#rows.purgeMedia({ days: trash, limit });
  }

  async purgeDatasets({ trash, limit }: RetentionStep): Promise<number> {
    return this.#rows.purgeDatasets({ days: trash, limit });
  }

  async purgeJobs({ trash, limit }: RetentionStep): Promise<number> {
    return this.#rows.purgeJobs({ days: trash, limit });
  }

  async purgeResults({ trash, results, limit }: RetentionStep): Promise<number> {
    return this.#rows.purgeResults({ days: trash, keptDays: results, limit });
  }

  async purgeEvents({ events, limit }: RetentionStep): Promise<number> {
    return events === 0 ? 0 : this.#rows.purgeEvents({ days: events, limit });
  }

  async purgeAudit({ audit, limit }: RetentionStep): Promise<number> {
    return audit === 0 ? 0 : this.#rows.purgeAudit({ days: audit, limit });
  }

  async purgeUsers({ limit }: RetentionStep): Promise<number> {
    return this.#rows.purgeUsers(limit);
  }

  async removedFiles(limit: number): Promise<readonly string[]> {
    return this.#rows.removedFiles(limit);
  }

  async postponeFiles(keys: readonly string[]): Promise<void> {
    await this.#rows.postponeFiles(keys);
  }

  async forgetFiles(keys: readonly string[]): Promise<void> {
    if (keys.length > 0) await this.#rows.forgetFiles(keys);
  }

  async announceFiles(keys: readonly string[]): Promise<void> {
    if (keys.length > 0) await this.#rows.announceFiles(keys);
  }

  async claimFiles(keys: readonly string[]): Promise<void> {
    if (keys.length === 0 || (await this.#rows.claimFiles(keys)) === keys.length) return;
    throw new AppError('UPLOAD_ENDED', {
      message: `Storing the files took more than ${MAX_ARRIVAL_HOURS} hours, and they were removed.`,
    });
  }

  async withdrawFiles(keys: readonly string[]): Promise<void> {
    if (keys.length > 0) await this.#rows.claimFiles(keys);
  }

  async giveUpFiles(limit: number): Promise<number> {
    return this.#rows.giveUpFiles({ hours: MAX_ARRIVAL_HOURS, limit });
  }
}
