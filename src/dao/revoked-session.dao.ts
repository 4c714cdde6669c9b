import { Op } from 'sequelize';
import type { RevokedSessionRow } from '../models/revoked-session.model.js';
import { Dao } from './dao.js';

/** Table `revoked_sessions`. */
export class RevokedSessionDao extends Dao {
  /** Inserts the row unless it exists. */
  async insertIfAbsent(row: RevokedSessionRow): Promise<void> {
    await this.models.revokedSessions.bulkCreate([row], {
      ignoreDuplicates: true,
      transaction: this.transaction,
    });
  }

  async exists(id: string): Promise<boolean> {
    return (await this.models.revokedSessions.count({ where: { id }, transaction: this.transaction })) > 0;
  }

  async removeExpired(before: Date): Promise<void> {
    await this.models.revokedSessions.destroy({
      where: { expiresAt: { [Op.lt]: before } },
      transaction: this.transaction,
    });
  }
}
