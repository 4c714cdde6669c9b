import { Op } from 'sequelize';
import type { DatasetItemWithMediaRow, NewDatasetItemRow } from '../models/dataset-item.model.js';
import { Dao } from './dao.js';

export type { DatasetItemWithMediaRow } from '../models/dataset-item.model.js';

/** Table `dataset_items`. */
export class DatasetItemDao extends Dao {
  async insertAll(rows: readonly NewDatasetItemRow[]): Promise<void> {
    await this.models.datasetItems.bulkCreate([...rows], { transaction: this.transaction });
  }

  /** Items from position `from` on, in upload order, with their media, without deleted ones. */
  async listWithMedia(datasetId: string, from = 0): Promise<DatasetItemWithMediaRow[]> {
    const items = await this.models.datasetItems.findAll({
      where: { datasetId, position: { [Op.gte]: from } },
      // An item is deleted with its source, and loses a deleted mask.
      include: [
        { association: 'source', where: { deletedAt: null }, required: true },
        { association: 'mask', where: { deletedAt: null }, required: false },
      ],
      order: [['position', 'ASC']],
      transaction: this.transaction,
    });
    return items.map((item) => item.get({ plain: true }) as DatasetItemWithMediaRow);
  }

  /** The position after the last item. Only reliable while the caller holds the lock of the dataset's row. */
  async nextPosition(datasetId: string): Promise<number> {
    const last: number | null = await this.models.datasetItems.max('position', {
      where: { datasetId },
      transaction: this.requireTransaction(),
    });
    return last === null ? 0 : last + 1;
  }
}
