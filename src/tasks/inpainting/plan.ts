import type { DatasetItem, FrameSource, MaskReading, Media, MediaKind } from '../../domain/dataset.js';
import type { MaskPaint } from '../../domain/mask-paint.js';
import { datasetFileName } from '../../domain/dataset-file.js';
import { largeHoleWarnings } from '../../domain/large-hole.js';
import { invalidField } from '../../errors/common-errors.js';
import type { JobPlan } from '../definition.js';
import { IMAGE_FORMATS, VIDEO_FORMATS, type InpaintingParams } from './params.js';

/** A stored file as the pipeline has to know it. */
interface InpaintingMedia {
  readonly kind: MediaKind;
  readonly width: number;
  readonly height: number;
  readonly frameCount: number;
  /** Missing in plans of earlier versions. */
  readonly frameSource?: FrameSource;
  readonly fps: { readonly num: number; readonly den: number } | null;
}

/** One source with its mask. */
export interface InpaintingItem {
  /** Number of the item in its dataset, from 1; part of all its names. */
  readonly number: number;
  /** Name that the user gave the source. */
  readonly name: string;
  /** Name of the source within its dataset. */
  readonly file: string;
  readonly source: InpaintingMedia;
  /** Null where a detector makes the masks. */
  readonly mask: InpaintingMedia | null;
  /** Part of the mask that is hole, of a video on average; null where that is not known before. */
  readonly holeShare: number | null;
  /** See `MaskFacts.circle`; missing in plans of earlier versions. */
  readonly holeCircle?: number | null;
  /** How the paint of the mask was detected; null for mask videos of earlier versions. */
  readonly maskReading?: MaskReading | null;
  /** Of mask videos: which pixels of a frame are paint. */
  readonly maskPaint?: MaskPaint;
  /** How source and mask were read where that may be unexpected. */
  readonly warnings?: readonly string[];
  /** What the item counts as where it is billed. */
  readonly sampledFrames: number;
}

/** What one inpainting job works on. */
export interface InpaintingInput {
  readonly datasetId: string;
  readonly items: readonly InpaintingItem[];
}

/** Name in the plan of the source of an item. */
export const sourceName = ({ number }: Pick<InpaintingItem, 'number'>): string => `source_${number}`;
/** Name in the plan of the mask of an item. */
export const maskName = ({ number }: Pick<InpaintingItem, 'number'>): string => `mask_${number}`;

/** Items `a` to `b` of `range`, or all of them. */
function selectItems<Item>(items: readonly Item[], range: string, called: string): readonly Item[] {
  if (range === 'all') return items;
  const [first, last] = range.split('-').map(Number);
  const possible = Number.isSafeInteger(first) && Number.isSafeInteger(last) && first <= last;
  if (possible && last < items.length) return items.slice(first, last + 1);
  const message = `range: ${range} is not possible, the dataset's ${called} are 0-${items.length - 1}.`;
  throw invalidField('/range', 'BAD_RANGE', message);
}

/** What a job works on: the items with masks, or all where a detector makes the masks. */
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

/** A format for images only means something if there are images, and likewise for videos. */
function requireUsableFormat({ outputFormat }: InpaintingParams, items: readonly DatasetItem[]): void {
  if (outputFormat === undefined) return;
  const kind: MediaKind = (VIDEO_FORMATS as readonly string[]).includes(outputFormat) ? 'video' : 'image';
  if (items.some(({ source }) => source.kind === kind)) return;
  const formats = (kind === 'video' ? IMAGE_FORMATS : VIDEO_FORMATS).join(', ');
  const message = `parameters.outputFormat: ${outputFormat} is for ${kind}s and the dataset has none; possible are ${formats}.`;
  throw invalidField('/parameters/outputFormat', 'FORMAT_WITHOUT_MEDIA', message);
}

/** Whether an item costs anything: a mask that is known to have no hole only makes a copy. */
function isBilled({ holeShare }: Pick<InpaintingItem, 'holeShare'>): boolean {
  return holeShare !== 0;
}

/** What items are billed for: images by the piece, videos by the sampled frame. */
export function unitsOfItems(items: readonly InpaintingItem[]) {
  const billed = items.filter(isBilled);
  const videos = billed.filter(({ source }) => source.kind === 'video');
  return {
    'inference.image': billed.length - videos.length,
    'inference.video_frame': videos.reduce((sum, { sampledFrames }) => sum + sampledFrames, 0),
  };
}

/**
 * One job over all chosen items that have a mask, or get one by detection.
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

/** Warnings of holes that are too large to be filled well. */
export function holeWarnings({ items }: InpaintingInput): readonly string[] {
  return items.flatMap(({ name, mask, holeShare: share, holeCircle: circle = null }) => {
    if (share === null || mask === null) return [];
    const { width, height } = mask;
    return largeHoleWarnings({ width, height, share, circle }).map((warning) => `${name}: ${warning}`);
  });
}
