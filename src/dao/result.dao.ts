import type { ResultRow } from '../models/result.model.js';
import { Dao } from './dao.js';

/** Table `results`. */
export class ResultDao extends Dao {
  async insert(row: Omit<ResultRow, 'createdAt'>): Promise<ResultRow> {
    const result = await this.models.results.create(row, { transaction: this.transaction });
    return result.get({ plain: true });
  }

  async findByJob(jobId: string): Promise<ResultRow | null> {
    const result = await this.models.results.findByPk(jobId, { transaction: this.transaction });
    return result?.get({ plain: true }) ?? null;
  }

  /** Size of a job's ZIP, without reading its JSON document, which may be large. */
  async findZipBytes(jobId: string): Promise<number | null> {
    const result = await this.models.results.findByPk(jobId, {
      attributes: ['jobId', 'zipBytes'],
      transaction: this.transaction,
    });
    return result?.get({ plain: true }).zipBytes ?? null;
  }
}
