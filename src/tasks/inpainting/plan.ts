import type { DatasetItem, FrameSource, MaskReading, Media, MediaKind } from '../../domain/dataset.js';
import type { MaskPaint } from '../../domain/mask-paint.js';
import { datasetFileName } from '../../domain/dataset-file.js';
import { largeHoleWarnings } from '../../domain/large-hole.js';
import { invalidField } from '../../errors/common-errors.js';
import type { JobPlan } from '../definition.js';
import { IMAGE_FORMATS, VIDEO_FORMATS, type InpaintingParams } from './params.js';

/** Facts about a stored file that the pipeline needs. */
interface InpaintingMedia {
  readonly kind: MediaKind;
  readonly width: number;
  readonly height: number;
  readonly frameCount: number;
  /** Absent from plans of earlier versions. */
  readonly frameSource?: FrameSource;
  readonly fps: { readonly num: number; readonly den: number } | null;
}

/** One source with its mask. */
export interface InpaintingItem {
  /** Number of the item in its dataset, from 1; part of its file names. */
  readonly number: number;
  /** Name that the user gave the source. */
  readonly name: string;
  /** Name of the source within its dataset. */
  readonly file: string;
  readonly source: InpaintingMedia;
  /** `null` when a detector creates the masks. */
  readonly mask: InpaintingMedia | null;
  /** Share of hole pixels of the mask, for a video on average; `null` when not known in advance. */
  readonly holeShare: number | null;
  /** See `MaskFacts.circle`; absent from plans of earlier versions. */
  readonly holeCircle?: number | null;
  /** How the paint of the mask was detected; null for mask videos of earlier versions. */
  readonly maskReading?: MaskReading | null;
  /** For mask videos: which pixels of a frame are paint. */
  readonly maskPaint?: MaskPaint;
  /** Notes on how source and mask were decoded, where that may be unexpected. */
  readonly warnings?: readonly string[];
  /** Number of frames billed for the item. */
  readonly sampledFrames: number;
}

/** Input of one inpainting job. */
export interface InpaintingInput {
  readonly datasetId: string;
  readonly items: readonly InpaintingItem[];
}

/** Name of an item's source in the plan. */
export const sourceName = ({ number }: Pick<InpaintingItem, 'number'>): string => `source_${number}`;
/** Name of an item's mask in the plan. */
export const maskName = ({ number }: Pick<InpaintingItem, 'number'>): string => `mask_${number}`;

/** Selects items by `range`: `all`, or `first-last` from 0. */
function selectItems<Item>(items: readonly Item[], range: string, called: string): readonly Item[] {
  if (range === 'all') return items;
  const [first, last] = range.split('-').map(Number);
  const possible = Number.isSafeInteger(first) && Number.isSafeInteger(last) && first <= last;
  if (possible && last < items.length) return items.slice(first, last + 1);
  const message = `range: ${range} is not possible, the dataset's ${called} are 0-${items.length - 1}.`;
  throw invalidField('/range', 'BAD_RANGE', message);
}

/** Items that a job can process: those with masks, or all when a detector creates the masks. */
function usableItems(items: readonly DatasetItem[], { mask }: InpaintingParams): readonly DatasetItem[] {
  const usable = mask ? items : items.filter((item) => item.mask !== null);
  if (usable.length > 0) return usable;
  if (mask) throw invalidField('/datasetId', 'NO_ITEMS', 'datasetId: the dataset holds no image or video.');
  const message = 'datasetName: the dataset holds no image or video with a mask.';
  throw invalidField('/datasetName', 'NO_MASKED_ITEMS', message);
}

function factsOf({ kind, width, height, frameCount, frameSource, fps }: Media): InpaintingMedia {
  return { kind, width, height, frameCount, frameSource, fps };
}

function toInput(item: DatasetItem, mask: Media | null): InpaintingItem {
  return {
    number: item.position + 1,
    name: item.source.name,
    file: datasetFileName(item, item.source),
    source: factsOf(item.source),
    mask: mask && factsOf(mask),
    holeShare: mask?.hole?.share ?? null,
    holeCircle: mask?.hole?.circle ?? null,
    maskReading: mask?.hole?.reading ?? null,
    ...(mask?.hole?.paint && { maskPaint: mask.hole.paint }),
    warnings: [...item.source.warnings, ...(mask?.warnings ?? [])],
    sampledFrames: item.sampledFrames,
  };
}

/** An image format requires images, a video format requires videos. */
function requireUsableFormat({ outputFormat }: InpaintingParams, items: readonly DatasetItem[]): void {
  if (outputFormat === undefined) return;
  const kind: MediaKind = (VIDEO_FORMATS as readonly string[]).includes(outputFormat) ? 'video' : 'image';
  if (items.some(({ source }) => source.kind === kind)) return;
  const formats = (kind === 'video' ? IMAGE_FORMATS : VIDEO_FORMATS).join(', ');
  const message = `parameters.outputFormat: ${outputFormat} is for ${kind}s and the dataset has none; possible are ${formats}.`;
  throw invalidField('/parameters/outputFormat', 'FORMAT_WITHOUT_MEDIA', message);
}

/** Whether an item is billed: with a mask known to have no hole, the item is only copied. */
function isBilled({ holeShare }: Pick<InpaintingItem, 'holeShare'>): boolean {
  return holeShare !== 0;
}

/** Billable units of items: images, and sampled frames of videos. */
export function unitsOfItems(items: readonly InpaintingItem[]) {
  const billed = items.filter(isBilled);
  const videos = billed.filter(({ source }) => source.kind === 'video');
  return {
    'inference.image': billed.length - videos.length,
    'inference.video_frame': videos.reduce((sum, { sampledFrames }) => sum + sampledFrames, 0),
  };
}

/**
 * Plans one job for all selected items that have a mask, or get one by detection.
 * @throws AppError `NO_MASKED_ITEMS`, `NO_ITEMS`, `BAD_RANGE` or `FORMAT_WITHOUT_MEDIA` (invalid)
 */
export function planInpainting(
  items: readonly DatasetItem[],
  params: InpaintingParams,
  range: string,
): readonly JobPlan<InpaintingInput>[] {
  const called = params.mask ? 'images and videos' : 'items with masks';
  const chosen = selectItems(usableItems(items, params), range, called);
  requireUsableFormat(params, chosen);
  const maskOf = ({ mask }: DatasetItem): Media | null => (params.mask ? null : mask);
  const inputs = chosen.map((item) => toInput(item, maskOf(item)));
  const media = chosen.flatMap((item, index): [string, string][] => {
    const mask = maskOf(item);
    const source: [string, string] = [sourceName(inputs[index]), item.source.id];
    return mask ? [source, [maskName(inputs[index]), mask.id]] : [source];
  });
  return [
    {
      input: { datasetId: chosen[0].datasetId, items: inputs },
      media: Object.fromEntries(media),
    },
  ];
}

/** Warnings about holes that are too large to be filled well. */
export function holeWarnings({ items }: InpaintingInput): readonly string[] {
  return items.flatMap(({ name, mask, holeShare: share, holeCircle: circle = null }) => {
    if (share === null || mask === null) return [];
    const { width, height } = mask;
    return largeHoleWarnings({ width, height, share, circle }).map((warning) => `${name}: ${warning}`);
  });
}
