import { v7 as uuid } from 'uuid';
import type { DatasetItemDao } from '../dao/dataset-item.dao.js';
import type { DatasetDao } from '../dao/dataset.dao.js';
import type { MediaDao } from '../dao/media.dao.js';
import type { Dataset, DatasetItem, Media } from '../domain/dataset.js';
import type { DatasetRepository, NewMedia } from '../domain/repositories.js';
import { notFound } from '../errors/common-errors.js';
import { toDatasetItem, toMedia, toMediaRow } from './media.mapper.js';

/** Datasets, their items and media in PostgreSQL. */
export class PostgresDatasetRepository implements DatasetRepository {
  constructor(
    private readonly datasets: DatasetDao,
    private readonly datasetItems: DatasetItemDao,
    private readonly media: MediaDao,
  ) {}

  async create(dataset: Parameters<DatasetRepository['create']>[0]): Promise<Dataset> {
    const { userId, name, tags } = dataset;
    return this.datasets.insert({ id: uuid(), userId, name, tags: [...tags] });
  }

  async requireOwned(id: string, userId: string): Promise<Dataset> {
    const dataset = await this.datasets.findLive({ id, userId });
    if (!dataset) throw notFound('Dataset', id);
    return dataset;
  }

  async list(filter: Parameters<DatasetRepository['list']>[0]): Promise<readonly Dataset[]> {
    const { userId, tags = [], match, includeDeleted = false } = filter;
    return this.datasets.list({ userId, tags, match, includeDeleted });
  }

  async update(id: string, changes: { name?: string; tags?: readonly string[] }): Promise<Dataset> {
    const { name, tags } = changes;
    const dataset = await this.datasets.updateLive(id, {
      ...(name === undefined ? {} : { name }),
      ...(tags === undefined ? {} : { tags: [...tags] }),
    });
    if (!dataset) throw notFound('Dataset', id);
    return dataset;
  }

  async softDelete(id: string): Promise<void> {
    await this.datasets.markDeleted(id);
  }

  async items(datasetId: string): Promise<readonly DatasetItem[]> {
    const rows = await this.datasetItems.listWithMedia(datasetId);
    return rows.map(toDatasetItem);
  }

  async addItems(
    datasetId: string,
    items: readonly { source: NewMedia; mask?: NewMedia }[],
  ): Promise<readonly DatasetItem[]> {
    // The lock orders concurrent uploads, so no two of them can count the same last position.
    if (!(await this.datasets.lockLive(datasetId))) throw notFound('Dataset', datasetId);
    if (items.length === 0) return [];
    const files = items.flatMap(({ source, mask }) => (mask ? [source, mask] : [source]));
    await this.media.insertAll(files.map((file) => toMediaRow(file, datasetId)));
    const first = await this.datasetItems.nextPosition(datasetId);
    await this.datasetItems.insertAll(
      items.map(({ source, mask }, index) => ({
        id: uuid(),
        datasetId,
        position: first + index,
        sourceMediaId: source.id,
        maskMediaId: mask?.id ?? null,
      })),
    );
    const rows = await this.datasetItems.listWithMedia(datasetId, first);
    return rows.map(toDatasetItem);
  }

  async distinctTags(userId: string): Promise<readonly string[]> {
    return this.datasets.distinctTags(userId);
  }

  async findMedia(mediaId: string): Promise<Media | null> {
    const row = await this.media.findById(mediaId);
    return row && toMedia(row);
  }
}
