import type { DatasetItem } from '../../domain/dataset.js';
import { invalidField } from '../../errors/common-errors.js';
import type { JobPlan } from '../definition.js';

/** One image of a job. */
export interface ImageEntry {
  readonly mediaId: string;
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Notes on how the image was decoded, where that may be unexpected. */
  readonly warnings?: readonly string[];
}

/** Input of one classification job, in upload order. */
export interface ClassificationTaskInput {
  readonly images: readonly ImageEntry[];
}

/** Selects images by `range`: `all`, or `first-last` from 0. */
function selectImages(items: readonly DatasetItem[], range: string): readonly DatasetItem[] {
  const images = items.filter(({ source }) => source.kind === 'image');
  if (images.length === 0)
    throw invalidField('/datasetId', 'NO_IMAGES', 'datasetId: the dataset holds no image.');
  if (range === 'all') return images;
  const match = /^(\d{1,9})-(\d{1,9})$/.exec(range);
  const [first, last] = match ? [Number(match[1]), Number(match[2])] : [1, 0];
  if (first > last || last >= images.length) {
    const limit = `the dataset's images are 0-${String(images.length - 1)}`;
    throw invalidField('/range', 'BAD_RANGE', `range: "${range}" is not possible, ${limit}.`);
  }
  return images.slice(first, last + 1);
}

/**
 * Plans one job for all selected images.
 * @throws AppError `NO_IMAGES` or `BAD_RANGE` (invalid)
 */
export function planClassification(
  items: readonly DatasetItem[],
  range: string,
): readonly JobPlan<ClassificationTaskInput>[] {
  const images = selectImages(items, range).map(({ source }) => ({
    mediaId: source.id,
    name: source.name,
    width: source.width,
    height: source.height,
    warnings: source.warnings,
  }));
  const media = Object.fromEntries(images.map(({ mediaId }) => [mediaId, mediaId]));
  return [{ input: { images }, media }];
}
