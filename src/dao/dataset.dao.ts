import { Op, fn, type WhereOptions } from 'sequelize';
import type { DatasetRow, NewDatasetRow } from '../models/dataset.model.js';
import { Dao } from './dao.js';

/** Filter of a dataset list. */
export interface DatasetRowFilter {
  readonly userId: string;
  /** An empty list does not filter. */
  readonly tags: readonly string[];
  readonly match: 'any' | 'all';
  readonly includeDeleted: boolean;
  /** Only rows after this one in the list's order, newest first. */
  readonly olderThan?: { readonly createdAt: Date; readonly id: string };
}

const INSERT = {
  name: 'insert-dataset',
  text: `INSERT INTO datasets (id, user_id, name, tags) VALUES ($1::uuid, $2::uuid, $3, $4::text[])
    RETURNING id, user_id AS "userId", name, tags, created_at AS "createdAt", updated_at AS "updatedAt",
      deleted_at AS "deletedAt", next_upload_index AS "nextUploadIndex"`,
};

/** Table `datasets`. */
export class DatasetDao extends Dao {
  async insert({ id, userId, name, tags }: NewDatasetRow): Promise<DatasetRow> {
    const [row] = await this.preparedRows<DatasetRow>(INSERT, [id, userId, name, tags]);
    return row;
  }

  async findLive(where: { id: string; userId?: string }): Promise<DatasetRow | null> {
    const dataset = await this.models.datasets.findOne({
      where: { ...where, deletedAt: null },
      transaction: this.transaction,
    });
    return dataset?.get({ plain: true }) ?? null;
  }

  /**
   * The row with this name that is not deleted; with `includeDeleted` otherwise the most recently deleted
   * one.
   */
  async findByName(
    where: { name: string; userId: string },
    includeDeleted: boolean,
  ): Promise<DatasetRow | null> {
    const dataset = await this.models.datasets.findOne({
      where: includeDeleted ? where : { ...where, deletedAt: null },
      // In descending order PostgreSQL sorts NULL first, so rows that are not deleted come first.
      order: [['deletedAt', 'DESC']],
      transaction: this.transaction,
    });
    return dataset?.get({ plain: true }) ?? null;
  }

  async findByIds(ids: readonly string[]): Promise<DatasetRow[]> {
    const datasets = await this.models.datasets.findAll({
      where: { id: [...ids] },
      transaction: this.transaction,
    });
    return datasets.map((dataset) => dataset.get({ plain: true }));
  }

  /** Increments the upload counter; the caller holds the row's lock. */
  async countUploads(id: string, uploads: number): Promise<void> {
    await this.models.datasets.increment('nextUploadIndex', {
      by: uploads,
      where: { id },
      transaction: this.requireTransaction(),
    });
  }

  /** The row locked with FOR UPDATE, unless it is deleted. */
  async lockLive(id: string): Promise<DatasetRow | null> {
    const transaction = this.requireTransaction();
    const dataset = await this.models.datasets.findOne({
      where: { id, deletedAt: null },
      lock: transaction.LOCK.UPDATE,
      transaction,
    });
    return dataset?.get({ plain: true }) ?? null;
  }

  /** Newest first. */
  async list(filter: DatasetRowFilter, limit: number): Promise<DatasetRow[]> {
    const { olderThan } = filter;
    const where: WhereOptions<DatasetRow> = {
      userId: filter.userId,
      ...(filter.includeDeleted ? {} : { deletedAt: null }),
      ...(filter.tags.length === 0
        ? {}
        : { tags: { [filter.match === 'all' ? Op.contains : Op.overlap]: [...filter.tags] } }),
      ...(olderThan && {
        [Op.or]: [
          { createdAt: { [Op.lt]: olderThan.createdAt } },
          { createdAt: olderThan.createdAt, id: { [Op.lt]: olderThan.id } },
        ],
      }),
    };
    const datasets = await this.models.datasets.findAll({
      where,
      order: [
        ['createdAt', 'DESC'],
        ['id', 'DESC'],
      ],
      limit,
      transaction: this.transaction,
    });
    return datasets.map((dataset) => dataset.get({ plain: true }));
  }

  /** Updates the row unless it is deleted; null when there is none. */
  async updateLive(id: string, changes: { name?: string; tags?: string[] }): Promise<DatasetRow | null> {
    const [, datasets] = await this.models.datasets.update(
      { ...changes, updatedAt: fn('now') },
      { where: { id, deletedAt: null }, returning: true, transaction: this.transaction },
    );
    return datasets[0]?.get({ plain: true }) ?? null;
  }

  async markDeleted(id: string): Promise<void> {
    await this.models.datasets.update(
      { deletedAt: fn('now'), updatedAt: fn('now') },
      { where: { id, deletedAt: null }, transaction: this.transaction },
    );
  }

  async markAllDeleted(userId: string): Promise<void> {
    await this.models.datasets.update(
      { deletedAt: fn('now'), updatedAt: fn('now') },
      { where: { userId, deletedAt: null }, transaction: this.transaction },
    );
  }

  /** Distinct tags of the owner's datasets that are not deleted, in alphabetical order. */
  async distinctTags(userId: string, limit: number): Promise<string[]> {
    const rows = await this.rows<{ tag: string }>(
      `SELECT DISTINCT unnest(tags) AS tag FROM datasets
        WHERE user_id = $userId AND deleted_at IS NULL ORDER BY tag LIMIT $limit`,
      { userId, limit },
    );
    return rows.map(({ tag }) => tag);
  }
}
