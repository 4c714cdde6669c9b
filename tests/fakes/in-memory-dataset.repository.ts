import { v7 as uuid } from 'uuid';
import {
  countSampledFrames,
  DEFAULT_SAMPLE_FPS,
  type Dataset,
  type DatasetItem,
  type Media,
} from '../../src/domain/dataset.js';
import {
  contentOf,
  DATASET_CONTENTS,
  type Counted,
  type DatasetFilter,
  type DatasetSummary,
  type DatasetTotals,
  type Slice,
} from '../../src/domain/listing.js';
import type {
  DatasetRepository,
  NewItem,
  NewMedia,
} from '../../src/domain/repositories/dataset.repository.js';
import type { Page } from '../../src/domain/repositories/pages.js';
import { notFound } from '../../src/errors/common-errors.js';
import { decodeCursor, pageOf } from '../../src/repositories/page-cursor.js';
import { conflict, type InMemoryStore } from './in-memory-store.js';

function hasTags(dataset: Dataset, tags: readonly string[], match: 'any' | 'all'): boolean {
  if (tags.length === 0) return true;
  const has = (tag: string) => dataset.tags.includes(tag);
  return match === 'all' ? tags.every(has) : tags.some(has);
}

/** Datasets, items and media in memory. */
export class InMemoryDatasetRepository implements DatasetRepository {
  readonly #store: InMemoryStore;

  constructor(store: InMemoryStore) {
    this.#store = store;
  }

  async create(dataset: Parameters<DatasetRepository['create']>[0]): Promise<Dataset> {
    this.#refuseTakenName(dataset);
    const now = this.#store.now();
    const row: Dataset = {
      ...dataset,
      id: uuid(),
      createdAt: now,
      updatedAt: now,
      deletedAt: null,
      nextUploadIndex: 1,
    };
    this.#store.datasets.set(row.id, row);
    return row;
  }

  async requireOwned(id: string, userId: string): Promise<Dataset> {
    const dataset = this.#requireLive(id);
    if (dataset.userId !== userId) throw notFound('Dataset', id);
    return dataset;
  }

  async list(filter: Parameters<DatasetRepository['list']>[0]): Promise<Page<Dataset>> {
    const { userId, tags = [], match, includeDeleted = false, limit, cursor } = filter;
    const found = [...this.#store.datasets.values()]
      .filter((dataset) => dataset.userId === userId && (includeDeleted || !dataset.deletedAt))
      .filter((dataset) => hasTags(dataset, tags, match))
      .reverse();
    const last = cursor === undefined ? undefined : decodeCursor(cursor).id;
    return pageOf(found.slice(found.findIndex(({ id }) => id === last) + 1), limit);
  }

  async requireByName(
    name: string,
    userId: string,
    options: { includeDeleted?: boolean } = {},
  ): Promise<Dataset> {
    const found = [...this.#store.datasets.values()]
      .filter((row) => row.userId === userId && row.name === name)
      .filter((row) => options.includeDeleted || !row.deletedAt)
      .sort((a, b) => (b.deletedAt?.getTime() ?? Infinity) - (a.deletedAt?.getTime() ?? Infinity));
    if (found.length === 0) throw notFound('Dataset', name);
    return found[0];
  }

  async findByIds(ids: readonly string[]): Promise<readonly Dataset[]> {
    return [...this.#store.datasets.values()].filter(({ id }) => ids.includes(id));
  }

  async page(filter: DatasetFilter, { offset, limit }: Slice): Promise<Counted<DatasetSummary>> {
    const found = await this.#summaries(filter);
    return { rows: found.slice(offset, offset + limit), total: found.length };
  }

  async totals(filter: DatasetFilter): Promise<DatasetTotals> {
    const found = await this.#summaries(filter);
    const sum = (of: (row: DatasetSummary) => number) => found.reduce((total, row) => total + of(row), 0);
    const counts = DATASET_CONTENTS.map((name) => [name, sum(({ content }) => Number(content === name))]);
    return {
      datasets: found.length,
      orphaned: sum(({ owner }) => Number(owner.deleted)),
      images: sum(({ images }) => images),
      videos: sum(({ videos }) => videos),
      videoFrames: sum(({ videoFrames }) => videoFrames),
      maskedImages: sum(({ maskedImages }) => maskedImages),
      maskedVideos: sum(({ maskedVideos }) => maskedVideos),
      maskedVideoFrames: sum(({ maskedVideoFrames }) => maskedVideoFrames),
      byContent: Object.fromEntries(counts) as DatasetTotals['byContent'],
    };
  }

  async update(id: string, changes: { name?: string; tags?: readonly string[] }): Promise<Dataset> {
    const dataset = this.#requireLive(id);
    const name = changes.name ?? dataset.name;
    this.#refuseTakenName({ userId: dataset.userId, name, except: id });
    const changed = { ...dataset, name, tags: changes.tags ?? dataset.tags, updatedAt: this.#store.now() };
    this.#store.datasets.set(id, changed);
    return changed;
  }

  async softDelete(id: string): Promise<void> {
    const dataset = this.#store.datasets.get(id);
    if (!dataset || dataset.deletedAt) return;
    const now = this.#store.now();
    this.#store.datasets.set(id, { ...dataset, deletedAt: now, updatedAt: now });
  }

  async softDeleteAll(userId: string): Promise<void> {
    for (const dataset of this.#store.datasets.values())
      if (dataset.userId === userId) await this.softDelete(dataset.id);
  }

  async items(datasetId: string): Promise<readonly DatasetItem[]> {
    return [...this.#store.items.values()].filter((item) => item.datasetId === datasetId);
  }

  async addItems(datasetId: string, items: readonly NewItem[]): Promise<readonly DatasetItem[]> {
    const dataset = this.#requireLive(datasetId);
    const uploadIndex = dataset.nextUploadIndex;
    if (items.length > 0)
      this.#store.datasets.set(datasetId, {
        ...dataset,
        nextUploadIndex: uploadIndex + Math.max(...items.map(({ upload = 1 }) => upload)),
      });
    const first = (await this.items(datasetId)).length;
    return items.map(({ source, mask, sampleFps = DEFAULT_SAMPLE_FPS, upload = 1 }, index) => {
      const item: DatasetItem = {
        id: uuid(),
        datasetId,
        position: first + index,
        uploadIndex: uploadIndex + upload - 1,
        sampleFps,
        sampledFrames: countSampledFrames(source, sampleFps),
        source: this.#addMedia(source, datasetId),
        mask: mask ? this.#addMedia(mask, datasetId) : null,
      };
      this.#store.items.set(item.id, item);
      return item;
    });
  }

  async distinctTags(userId: string, limit: number): Promise<readonly string[]> {
    const live = [...this.#store.datasets.values()].filter((row) => row.userId === userId && !row.deletedAt);
    return [...new Set(live.flatMap(({ tags }) => tags))].sort().slice(0, limit);
  }

  async predefinedTags(): Promise<readonly string[]> {
    return [];
  }

  async findMedia(mediaId: string): Promise<Media | null> {
    return this.#store.media.get(mediaId) ?? null;
  }

  async liveMedia(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const { media, datasets } = this.#store;
    return new Set(ids.filter((id) => datasets.get(media.get(id)?.datasetId ?? '')?.deletedAt === null));
  }

  async mediaAfter(id: string | null, limit: number): Promise<readonly Media[]> {
    const all = [...this.#store.media.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    return all.filter((media) => id === null || media.id > id).slice(0, limit);
  }

  async #summaries(filter: DatasetFilter): Promise<DatasetSummary[]> {
    const { userId, nameContains = '', content, tags = [], match = 'any', includeDeleted = false } = filter;
    const found = [...this.#store.datasets.values()]
      .filter((row) => userId === undefined || row.userId === userId)
      .filter((row) => row.name.toLowerCase().includes(nameContains.toLowerCase()))
      .filter((row) => (includeDeleted || !row.deletedAt) && hasTags(row, tags, match))
      .reverse();
    const rows = await Promise.all(found.map((row) => this.#summaryOf(row)));
    return rows.filter((row) => content === undefined || row.content === content);
  }

  async #summaryOf(dataset: Dataset): Promise<DatasetSummary> {
    const items = await this.items(dataset.id);
    const masked = items.filter(({ mask }) => mask !== null);
    const of = (some: readonly DatasetItem[], kind: Media['kind']) =>
      some.filter(({ source }) => source.kind === kind);
    const frames = (some: readonly DatasetItem[]) =>
      of(some, 'video').reduce((sum, { sampledFrames }) => sum + sampledFrames, 0);
    const counts = {
      images: of(items, 'image').length,
      videos: of(items, 'video').length,
      videoFrames: frames(items),
      maskedImages: of(masked, 'image').length,
      maskedVideos: of(masked, 'video').length,
      maskedVideoFrames: frames(masked),
    };
    return { dataset, ...counts, content: contentOf(counts), owner: this.#store.ownerOf(dataset.userId) };
  }

  #addMedia(media: NewMedia, datasetId: string): Media {
    const { hole = null, warnings = [] } = media;
    const row: Media = { ...media, hole, warnings, datasetId, createdAt: this.#store.now() };
    this.#store.media.set(row.id, row);
    return row;
  }

  #requireLive(id: string): Dataset {
    const dataset = this.#store.datasets.get(id);
    if (!dataset || dataset.deletedAt) throw notFound('Dataset', id);
    return dataset;
  }

  #refuseTakenName({ userId, name, except }: { userId: string; name: string; except?: string }): void {
    const taken = [...this.#store.datasets.values()].some(
      (row) => row.userId === userId && row.name === name && !row.deletedAt && row.id !== except,
    );
    if (taken) throw conflict('DATASET_NAME_TAKEN');
  }
}
