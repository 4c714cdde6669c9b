import type { MediaRow, NewMediaRow } from '../models/media.model.js';
import { Dao } from './dao.js';

/** Table `media`. */
export class MediaDao extends Dao {
  async insertAll(rows: readonly NewMediaRow[]): Promise<void> {
    await this.models.media.bulkCreate([...rows], { transaction: this.transaction });
  }

  async findById(id: string): Promise<MediaRow | null> {
    const file = await this.models.media.findByPk(id, { transaction: this.transaction });
    return file?.get({ plain: true }) ?? null;
  }
}
