import type { ResultRow } from '../models/result.model.js';
import { Dao } from './dao.js';

/** Table `results`. */
export class ResultDao extends Dao {
  async insert(row: Omit<ResultRow, 'createdAt' | 'deletedAt'>): Promise<ResultRow> {
    const result = await this.models.results.create(row, { transaction: this.transaction });
    return result.get({ plain: true });
  }

  /** The row of a job, unless it is in the trash. */
  async findByJob(jobId: string): Promise<ResultRow | null> {
    const result = await this.models.results.findOne({
      where: { jobId, deletedAt: null },
      transaction: this.transaction,
    });
    return result?.get({ plain: true }) ?? null;
  }

  async exists(jobId: string): Promise<boolean> {
    const where = { jobId, deletedAt: null };
    return (await this.models.results.count({ where, transaction: this.transaction })) > 0;
  }

  /** Size of a job's ZIP, also in the trash, without reading its JSON document, which may be large. */
  async findZipBytes(jobId: string): Promise<number | null> {
    const result = await this.models.results.findOne({
      where: { jobId },
      attributes: ['jobId', 'zipBytes'],
      transaction: this.transaction,
    });
    return result?.get({ plain: true }).zipBytes ?? null;
  }
}
