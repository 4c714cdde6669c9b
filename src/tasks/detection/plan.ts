import type { DatasetItem, FrameSource } from '../../domain/dataset.js';
import { listLabels } from '../../domain/detection.js';
import type { InstalledNetwork } from '../../domain/network.js';
import { AppError } from '../../errors/app-error.js';
import { invalidField } from '../../errors/common-errors.js';
import type { JobPlan } from '../definition.js';
import type { DetectionParams } from './params.js';

/** A stored image. */
export interface ImageEntry {
  readonly mediaId: string;
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Notes on how it was decoded, where that may be unexpected. */
  readonly warnings: readonly string[];
}

/** A stored video. */
export interface VideoEntry extends ImageEntry {
  readonly frameCount: number;
  readonly frameSource?: FrameSource;
}

/** Input of one job: all images of a request, or one of its videos. */
export type DetectionInput =
  | { readonly kind: 'images'; readonly images: readonly ImageEntry[] }
  | { readonly kind: 'video'; readonly video: VideoEntry; readonly frameStep: number };

/** Number of processed frames of a video: 0, step, … below `frameCount`. */
export const processedFrames = (frameCount: number, frameStep: number): number =>
  Math.ceil(frameCount / frameStep);

/** Selects items by `range`: `all`, or `first-last` from 0. */
function selectItems(items: readonly DatasetItem[], range: string): readonly DatasetItem[] {
  if (items.length === 0)
    throw invalidField('/datasetId', 'NO_ITEMS', 'datasetId: the dataset holds no image or video.');
  if (range === 'all') return items;
  const match = /^(\d{1,9})-(\d{1,9})$/.exec(range);
  const [first, last] = match ? [Number(match[1]), Number(match[2])] : [1, 0];
  if (first > last || last >= items.length) {
    const limit = `the dataset's images and videos are 0-${String(items.length - 1)}`;
    throw invalidField('/range', 'BAD_RANGE', `range: "${range}" is not possible, ${limit}.`);
  }
  return items.slice(first, last + 1);
}

const entryOf = ({ source }: DatasetItem): VideoEntry => ({
  mediaId: source.id,
  name: source.name,
  width: source.width,
  height: source.height,
  warnings: source.warnings,
  frameCount: source.frameCount,
  frameSource: source.frameSource,
});

/**
 * Plans one job for all selected images, then one for each video.
 * @throws AppError `NO_ITEMS` or `BAD_RANGE` (invalid)
 */
export function planDetection(
  items: readonly DatasetItem[],
  { frameStep }: DetectionParams,
  range: string,
): readonly JobPlan<DetectionInput>[] {
  const chosen = selectItems(items, range);
  const images = chosen
    .filter(({ source }) => source.kind === 'image')
    .map((item) => {
      const { mediaId, name, width, height, warnings } = entryOf(item);
      return { mediaId, name, width, height, warnings };
    });
  const videos = chosen.filter(({ source }) => source.kind === 'video').map(entryOf);
  const media = Object.fromEntries(images.map(({ mediaId }) => [mediaId, mediaId]));
  return [
    ...(images.length > 0 ? [{ input: { kind: 'images' as const, images }, media }] : []),
    ...videos.map((video) => ({
      input: { kind: 'video' as const, video, frameStep },
      media: { [video.mediaId]: video.mediaId },
    })),
  ];
}

/** Billable units of a job: images, or processed frames. */
export function unitsOf(input: DetectionInput) {
  return input.kind === 'images'
    ? { 'inference.image': input.images.length }
    : { 'inference.video_frame': processedFrames(input.video.frameCount, input.frameStep) };
}

/**
 * Checks labels against the manifest of a detector.
 * @param field name of the list within the parameters
 * @throws AppError `LABELS_UNKNOWN` (invalid) for labels that the manifest does not list
 */
export function requireLabels(
  { id, manifest }: InstalledNetwork,
  labels: readonly string[],
  field: string,
): void {
  const known: unknown = manifest.labels;
  // Without a list, the number of classes is only known once the network is loaded.
  if (!Array.isArray(known)) return;
  const position = labels.findIndex((label) => !known.includes(label));
  if (position < 0) return;
  const message = `parameters.${field}: network ${id} does not know the label ${labels[position]}; it knows ${listLabels(known.map(String))}.`;
  throw new AppError('LABELS_UNKNOWN', {
    message,
    issues: [
      {
        pointer: `/parameters/${field.replaceAll('.', '/')}/${String(position)}`,
        code: 'LABELS_UNKNOWN',
        message,
      },
    ],
  });
}
