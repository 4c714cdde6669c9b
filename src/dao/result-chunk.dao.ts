import type { ResultChunkRow } from '../models/result-chunk.model.js';
import { Dao } from './dao.js';

/** Table `result_chunks`. Each statement accesses one row, so memory use stays at about one chunk. */
export class ResultChunkDao extends Dao {
  async insert(row: ResultChunkRow): Promise<void> {
    await this.models.resultChunks.create(row, {
      returning: false,
      transaction: this.requireTransaction(),
    });
  }

  async find(jobId: string, n: number): Promise<ResultChunkRow | null> {
    const chunk = await this.models.resultChunks.findOne({
      where: { jobId, n },
      transaction: this.transaction,
    });
    return chunk?.get({ plain: true }) ?? null;
  }
}
