import { v7 as uuid } from 'uuid';
import type { Daos } from '../dao/daos.js';
import {
  countSampledFrames,
  DEFAULT_SAMPLE_FPS,
  type Dataset,
  type DatasetItem,
  type Media,
} from '../domain/dataset.js';
import type { Counted, DatasetFilter, DatasetSummary, DatasetTotals, Slice } from '../domain/listing.js';
import type { DatasetRepository, NewItem } from '../domain/repositories/dataset.repository.js';
import type { Page } from '../domain/repositories/pages.js';
import { notFound } from '../errors/common-errors.js';
import { toDatasetItem, toMedia, toMediaRow } from './media.mapper.js';
import { decodeCursor, pageOf } from './page-cursor.js';

/** Datasets, their items and media in PostgreSQL. */
export class PostgresDatasetRepository implements DatasetRepository {
  readonly #datasets: Daos['datasets'];
  readonly #datasetItems: Daos['datasetItems'];
  readonly #media: Daos['media'];
  readonly #mediaPreviews: Daos['mediaPreviews'];
  readonly #summaries: Daos['datasetSummaries'];
  readonly #tags: Daos['tags'];

  constructor(
    daos: Pick<Daos, 'datasets' | 'datasetItems' | 'media' | 'mediaPreviews' | 'datasetSummaries' | 'tags'>,
  ) {
    this.#datasets = daos.datasets;
    this.#datasetItems = daos.datasetItems;
    this.#media = daos.media;
    this.#mediaPreviews = daos.mediaPreviews;
    this.#summaries = daos.datasetSummaries;
    this.#tags = daos.tags;
  }

  async create(dataset: Parameters<DatasetRepository['create']>[0]): Promise<Dataset> {
    const { userId, name, tags } = dataset;
    return this.#datasets.insert({ id: uuid(), userId, name, tags: [...tags] });
  }

  async requireOwned(id: string, userId: string): Promise<Dataset> {
    const dataset = await this.#datasets.findLive({ id, userId });
    if (!dataset) throw notFound('Dataset', id);
    return dataset;
  }

  async list(filter: Parameters<DatasetRepository['list']>[0]): Promise<Page<Dataset>> {
    const { userId, tags = [], match, includeDeleted = false, limit, cursor } = filter;
    const olderThan = cursor === undefined ? undefined : decodeCursor(cursor);
    const found = await this.#datasets.list({ userId, tags, match, includeDeleted, olderThan }, limit + 1);
    return pageOf(found, limit);
  }

  async requireByName(
    name: string,
    userId: string,
    options: { includeDeleted?: boolean } = {},
  ): Promise<Dataset> {
    const dataset = await this.#datasets.findByName({ name, userId }, options.includeDeleted ?? false);
    if (!dataset) throw notFound('Dataset', name);
    return dataset;
  }

  async findByIds(ids: readonly string[]): Promise<readonly Dataset[]> {
    return ids.length === 0 ? [] : this.#datasets.findByIds(ids);
  }

  async page(filter: DatasetFilter, slice: Slice): Promise<Counted<DatasetSummary>> {
    return this.#summaries.page(filter, slice);
  }

  async totals(filter: DatasetFilter): Promise<DatasetTotals> {
    return this.#summaries.totals(filter);
  }

  async update(id: string, changes: { name?: string; tags?: readonly string[] }): Promise<Dataset> {
    const { name, tags } = changes;
    const dataset = await this.#datasets.updateLive(id, {
      ...(name === undefined ? {} : { name }),
      ...(tags === undefined ? {} : { tags: [...tags] }),
    });
    if (!dataset) throw notFound('Dataset', id);
    return dataset;
  }

  async softDelete(id: string): Promise<void> {
    await this.#datasets.markDeleted(id);
  }

  async softDeleteAll(userId: string): Promise<void> {
    await this.#datasets.markAllDeleted(userId);
  }

  async items(datasetId: string): Promise<readonly DatasetItem[]> {
    const rows = await this.#datasetItems.listWithMedia(datasetId);
    return rows.map(toDatasetItem);
  }

  async addItems(datasetId: string, items: readonly NewItem[]): Promise<readonly DatasetItem[]> {
    // The lock serialises concurrent uploads, so that no two of them get the same position.
    const dataset = await this.#datasets.lockLive(datasetId);
    if (!dataset) throw notFound('Dataset', datasetId);
    if (items.length === 0) return [];
    const uploadIndex = dataset.nextUploadIndex;
    await this.#datasets.countUploads(datasetId, Math.max(...items.map(({ upload = 1 }) => upload)));
    const files = items.flatMap(({ source, mask }) => (mask ? [source, mask] : [source]));
    await this.#media.insertAll(files.map((file) => toMediaRow(file, datasetId)));
    await this.#mediaPreviews.insertPending(files.map(({ kind, ...file }) => ({ ...file, mediaKind: kind })));
    const first = await this.#datasetItems.nextPosition(datasetId);
    await this.#datasetItems.insertAll(
      items.map(({ source, mask, sampleFps = DEFAULT_SAMPLE_FPS, upload = 1 }, index) => ({
        id: uuid(),
        datasetId,
        position: first + index,
        sourceMediaId: source.id,
        maskMediaId: mask?.id ?? null,
        uploadIndex: uploadIndex + upload - 1,
        sampleFps,
        sampledFrames: countSampledFrames(source, sampleFps),
      })),
    );
    const rows = await this.#datasetItems.listWithMedia(datasetId, first);
    return rows.map(toDatasetItem);
  }

  async distinctTags(userId: string, limit: number): Promise<readonly string[]> {
    return this.#datasets.distinctTags(userId, limit);
  }

  async predefinedTags(): Promise<readonly string[]> {
    return this.#tags.names();
  }

  async findMedia(mediaId: string): Promise<Media | null> {
    const row = await this.#media.findById(mediaId);
    return row && toMedia(row);
  }

  async liveMedia(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(ids.length === 0 ? [] : await this.#media.live(ids));
  }

  async mediaAfter(id: string | null, limit: number): Promise<readonly Media[]> {
    return (await this.#media.after(id, limit)).map(toMedia);
  }
}
