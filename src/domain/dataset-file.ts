import type { DatasetItem, Media, MediaRole } from './dataset.js';

/**
 * A stored file as identified by its name in a dataset: the number of the item and, for a single video frame, the
 * frame.
 */
export interface DatasetFile {
  readonly position: number;
  readonly role: MediaRole;
  /** Number of the sampled frame; `null` for the whole file. */
  readonly frame: number | null;
}

const NAME = /^(image|video|mask)_(\d{1,9})(?:_frame_(\d{1,9}))?\.[a-z0-9]{2,4}$/;

/** Name of an item's file within its dataset: `image_1.png`, `mask_1.png`, `video_2.mp4`, `video_2_frame_0.png`. */
export function datasetFileName(
  item: Pick<DatasetItem, 'position'>,
  media: Pick<Media, 'kind' | 'role' | 'container'>,
  frame: number | null = null,
): string {
  const stem = `${media.role === 'mask' ? 'mask' : media.kind}_${item.position + 1}`;
  const single = frame !== null && media.kind === 'video';
  return single ? `${stem}_frame_${frame}.png` : `${stem}.${media.container}`;
}

/** Parses a name of {@link datasetFileName}; `null` for all other names. */
export function parseDatasetFileName(name: string): DatasetFile | null {
  const match = NAME.exec(name);
  if (match === null || Number(match[2]) === 0) return null;
  return {
    position: Number(match[2]) - 1,
    role: match[1] === 'mask' ? 'mask' : 'source',
    frame: match[3] === undefined ? null : Number(match[3]),
  };
}

/** The frame of a video at `sample` sampling steps from its start. */
export function frameOfSample(
  { frameCount, fps }: Pick<Media, 'frameCount' | 'fps'>,
  sample: number,
  sampleFps: number,
): number {
  const rate = fps === null ? 1 : fps.num / fps.den;
  return Math.min(frameCount - 1, Math.round((sample / sampleFps) * rate));
}
