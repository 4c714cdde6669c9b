import { v7 as uuid } from 'uuid';
import type { Dataset, DatasetItem, Media } from '../../src/domain/dataset.js';
import type { DatasetRepository, NewMedia } from '../../src/domain/repositories.js';
import { notFound } from '../../src/errors/common-errors.js';
import { conflict, type InMemoryStore } from './in-memory-store.js';

/** Datasets, items and media in memory. */
export class InMemoryDatasetRepository implements DatasetRepository {
  constructor(private readonly store: InMemoryStore) {}

  async create(dataset: Parameters<DatasetRepository['create']>[0]): Promise<Dataset> {
    this.refuseTakenName(dataset);
    const now = this.store.now();
    const row: Dataset = { ...dataset, id: uuid(), createdAt: now, updatedAt: now, deletedAt: null };
    this.store.datasets.set(row.id, row);
    return row;
  }

  async requireOwned(id: string, userId: string): Promise<Dataset> {
    const dataset = this.requireLive(id);
    if (dataset.userId !== userId) throw notFound('Dataset', id);
    return dataset;
  }

  async list(filter: Parameters<DatasetRepository['list']>[0]): Promise<readonly Dataset[]> {
    const { userId, tags = [], match, includeDeleted = false } = filter;
    const matches = (dataset: Dataset) => {
      if (tags.length === 0) return true;
      const has = (tag: string) => dataset.tags.includes(tag);
      return match === 'all' ? tags.every(has) : tags.some(has);
    };
    return [...this.store.datasets.values()]
      .filter((dataset) => dataset.userId === userId && (includeDeleted || !dataset.deletedAt))
      .filter(matches)
      .reverse();
  }

  async update(id: string, changes: { name?: string; tags?: readonly string[] }): Promise<Dataset> {
    const dataset = this.requireLive(id);
    const name = changes.name ?? dataset.name;
    this.refuseTakenName({ userId: dataset.userId, name, except: id });
    const changed = { ...dataset, name, tags: changes.tags ?? dataset.tags, updatedAt: this.store.now() };
    this.store.datasets.set(id, changed);
    return changed;
  }

  async softDelete(id: string): Promise<void> {
    const dataset = this.store.datasets.get(id);
    if (!dataset || dataset.deletedAt) return;
    const now = this.store.now();
    this.store.datasets.set(id, { ...dataset, deletedAt: now, updatedAt: now });
  }

  async items(datasetId: string): Promise<readonly DatasetItem[]> {
    return [...this.store.items.values()].filter((item) => item.datasetId === datasetId);
  }

  async addItems(
    datasetId: string,
    items: readonly { source: NewMedia; mask?: NewMedia }[],
  ): Promise<readonly DatasetItem[]> {
    this.requireLive(datasetId);
    const first = (await this.items(datasetId)).length;
    return items.map(({ source, mask }, index) => {
      const item: DatasetItem = {
        id: uuid(),
        datasetId,
        position: first + index,
        source: this.addMedia(source, datasetId),
        mask: mask ? this.addMedia(mask, datasetId) : null,
      };
      this.store.items.set(item.id, item);
      return item;
    });
  }

  async distinctTags(userId: string): Promise<readonly string[]> {
    const datasets = await this.list({ userId, match: 'any' });
    return [...new Set(datasets.flatMap(({ tags }) => tags))].sort();
  }

  async findMedia(mediaId: string): Promise<Media | null> {
    return this.store.media.get(mediaId) ?? null;
  }

  private addMedia(media: NewMedia, datasetId: string): Media {
    const row: Media = { ...media, datasetId, createdAt: this.store.now() };
    this.store.media.set(row.id, row);
    return row;
  }

  private requireLive(id: string): Dataset {
    const dataset = this.store.datasets.get(id);
    if (!dataset || dataset.deletedAt) throw notFound('Dataset', id);
    return dataset;
  }

  private refuseTakenName({ userId, name, except }: { userId: string; name: string; except?: string }): void {
    const taken = [...this.store.datasets.values()].some(
      (row) => row.userId === userId && row.name === name && !row.deletedAt && row.id !== except,
    );
    if (taken) throw conflict('DATASET_NAME_TAKEN');
  }
}
