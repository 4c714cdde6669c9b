import { Op } from 'sequelize';
import type { MediaRow, NewMediaRow } from '../models/media.model.js';
import { Dao } from './dao.js';

export type { MediaRow, NewMediaRow } from '../models/media.model.js';

/** Table `media`. */
export class MediaDao extends Dao {
  async insertAll(rows: readonly NewMediaRow[]): Promise<void> {
    await this.models.media.bulkCreate([...rows], { transaction: this.transaction });
  }

  async findById(id: string): Promise<MediaRow | null> {
    const file = await this.models.media.findByPk(id, { transaction: this.transaction });
    return file?.get({ plain: true }) ?? null;
  }

  /** Rows with this content, the oldest first. */
  async withContent(sha256: string, limit: number): Promise<MediaRow[]> {
    const rows = await this.models.media.findAll({
      where: { sha256 },
      order: [
        ['createdAt', 'ASC'],
        ['id', 'ASC'],
      ],
      limit,
      transaction: this.transaction,
    });
    return rows.map((row) => row.get({ plain: true }));
  }

  /** Rows by id, in no particular order. */
  async findByIds(ids: readonly string[]): Promise<MediaRow[]> {
    const rows = await this.models.media.findAll({ where: { id: [...ids] }, transaction: this.transaction });
    return rows.map((row) => row.get({ plain: true }));
  }

  /** Those of these ids that are not deleted, nor their dataset. */
  async live(ids: readonly string[]): Promise<string[]> {
    const rows = await this.rows<{ id: string }>(
      `SELECT m.id FROM media m JOIN datasets d ON d.id = m.dataset_id
        WHERE m.id = ANY($ids::uuid[]) AND m.deleted_at IS NULL AND d.deleted_at IS NULL`,
      { ids: [...ids] },
    );
    return rows.map(({ id }) => id);
  }

  /** Rows with a greater id, in ascending order. */
  async after(id: string | null, limit: number): Promise<MediaRow[]> {
    const rows = await this.models.media.findAll({
      where: id === null ? {} : { id: { [Op.gt]: id } },
      order: [['id', 'ASC']],
      limit,
      transaction: this.transaction,
    });
    return rows.map((row) => row.get({ plain: true }));
  }
}
