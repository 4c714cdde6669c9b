import type { Dataset, DatasetItem, Media } from '../domain/dataset.js';
import { datasetFileName } from '../domain/dataset-file.js';
import { largeHoleWarnings } from '../domain/large-hole.js';
import { contentOf, type DatasetCounts, type DatasetSummary } from '../domain/listing.js';

/** A dataset as returned after creation. */
export function presentNewDataset(dataset: Dataset) {
  return {
    id: dataset.id,
    deletedAt: dataset.deletedAt?.toISOString() ?? null,
    userId: dataset.userId,
    name: dataset.name,
    data: null,
    tags: dataset.tags,
    isDeleted: dataset.deletedAt !== null,
    nextUploadIndex: dataset.nextUploadIndex,
    updatedAt: dataset.updatedAt.toISOString(),
    createdAt: dataset.createdAt.toISOString(),
  };
}

/** A dataset with its counts, as an entry of the list. */
export function presentDatasetSummary({
  dataset,
  ...counts
}: Pick<DatasetSummary, 'dataset' | 'images' | 'videos' | 'videoFrames' | 'content'>) {
  const { id, userId, name, tags, nextUploadIndex } = dataset;
  return {
    id,
    userId,
    name,
    tags,
    createdAt: dataset.createdAt.toISOString(),
    updatedAt: dataset.updatedAt.toISOString(),
    deletedAt: dataset.deletedAt?.toISOString() ?? null,
    itemCount: counts.images + counts.videoFrames,
    type: counts.content,
    isDeleted: dataset.deletedAt !== null,
    status: dataset.deletedAt === null ? 'active' : 'deleted',
    nextUploadIndex,
  };
}

function byKind(items: readonly DatasetItem[]) {
  const videos = items.filter(({ source }) => source.kind === 'video');
  return {
    images: items.length - videos.length,
    videos: videos.length,
    videoFrames: videos.reduce((sum, { sampledFrames }) => sum + sampledFrames, 0),
  };
}

/** Counts of the given items. */
export function countItems(items: readonly DatasetItem[]) {
  const masked = items.filter(({ mask }) => mask !== null);
  const [all, maskedOnes] = [byKind(items), byKind(masked)];
  const counts: DatasetCounts = {
    ...all,
    maskedImages: maskedOnes.images,
    maskedVideos: maskedOnes.videos,
    maskedVideoFrames: maskedOnes.videoFrames,
  };
  return { ...counts, content: contentOf(counts) };
}

/** An image, or one sampled frame of a video. */
export interface Sample {
  readonly item: DatasetItem;
  /** Null for images. */
  readonly frame: number | null;
}

/**
 * Images and sampled frames of the dataset from index `offset`, at most `limit` of them, numbered across all
 * items.
 */
export function samplesOf(
  items: readonly DatasetItem[],
  { offset, limit }: { offset: number; limit: number },
): Sample[] {
  const samples: Sample[] = [];
  let first = 0;
  for (const item of items) {
    const end = first + item.sampledFrames;
    for (let index = Math.max(first, offset); index < Math.min(end, offset + limit); index += 1)
      samples.push({ item, frame: item.source.kind === 'image' ? null : index - first });
    first = end;
  }
  return samples;
}

/** Builds path and link of a dataset's file. */
export type FileLinks = (type: 'image' | 'mask', filename: string) => string;

function warningsOfMask({ warnings, hole, width, height }: Media): readonly string[] {
  return hole === null ? warnings : [...warnings, ...largeHoleWarnings({ ...hole, width, height })];
}

/** A sample as an entry of the item list. */
export function presentSample({ item, frame }: Sample, index: number, link: FileLinks) {
  const { source, mask, uploadIndex } = item;
  const imageFile = datasetFileName(item, source, frame);
  const maskFile = mask && datasetFileName(item, mask, frame);
  return {
    index,
    imagePath: `datasets/${item.datasetId}/${imageFile}`,
    maskPath: maskFile && `datasets/${item.datasetId}/${maskFile}`,
    imageUrl: link('image', imageFile),
    maskUrl: maskFile && link('mask', maskFile),
    frameIndex: frame,
    uploadIndex,
    name: source.name,
    kind: source.kind,
    width: source.width,
    height: source.height,
    holeShare: mask?.hole?.share ?? null,
    nonBinaryShare: mask?.hole?.nonBinaryShare ?? null,
    maskReading: mask?.hole?.reading ?? null,
    warnings: [...source.warnings, ...(mask ? warningsOfMask(mask) : [])],
  };
}
