import type { MaskPaint } from './mask-paint.js';

/** A named collection of a user. Deletion is soft; names are unique per owner among datasets that are not deleted. */
export interface Dataset {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt: Date | null;
  /** Number of the next upload, from 1. */
  readonly nextUploadIndex: number;
}

/** Largest number of characters of a dataset's name. */
export const MAX_DATASET_NAME_LENGTH = 200;
/** Most tags of a dataset. */
export const MAX_TAGS = 50;
/** Largest number of characters of a tag. */
export const MAX_TAG_LENGTH = 64;
/** Largest number of characters of a file's name. */
export const MAX_MEDIA_NAME_LENGTH = 255;

/** Kind of a stored file. */
export type MediaKind = 'image' | 'video';

/** Whether a file is a source to process or a mask of one. */
export type MediaRole = 'source' | 'mask';

/**
 * How the paint of a mask was detected; `difference` means by comparison with its source, `shapes` that it was drawn
 * from shapes.
 */
export const MASK_READINGS = ['white', 'colour', 'transparency', 'difference', 'shapes'] as const;
/** See {@link MASK_READINGS}. */
export type MaskReading = (typeof MASK_READINGS)[number];

/** Measurements of a mask; means over sampled frames for a mask video. */
export interface MaskFacts {
  /** Share of hole pixels, 0 to 1. */
  readonly share: number;
  /** Share of pixels that were neither black nor white, 0 to 1. */
  readonly nonBinaryShare: number;
  readonly reading: MaskReading;
  /** Diameter in pixels of the largest circle inside the hole; `null` for masks of earlier versions. */
  readonly circle: number | null;
  /** For mask videos: which pixels of a frame are paint. Mask images are stored in black and white. */
  readonly paint?: MaskPaint;
}

/**
 * How a video's frames were counted. `packets`: fully decoded, and every packet gives one image at its own time.
 * `decoder`: fully decoded, but images and packets differ. `null`: not fully decoded; jobs do that first.
 */
export type FrameSource = 'packets' | 'decoder' | null;

/** One stored file. Frames are counted by decoding, never taken from a header. */
export interface Media {
  readonly id: string;
  readonly userId: string;
  readonly datasetId: string;
  readonly kind: MediaKind;
  readonly role: MediaRole;
  readonly name: string;
  readonly container: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  /** 1 for images. */
  readonly frameCount: number;
  /** `null` for images and for videos stored by earlier versions. */
  readonly frameSource?: FrameSource;
  /** Frames per second as an exact fraction; `null` for images. */
  readonly fps: { readonly num: number; readonly den: number } | null;
  readonly durationSeconds: number | null;
  /** Measurements of a mask; `null` for sources and for mask videos of earlier versions. */
  readonly hole: MaskFacts | null;
  /** Notes for the owner about how the file was decoded, one sentence each. */
  readonly warnings: readonly string[];
  /** Key in the blob store. */
  readonly storageKey: string;
  readonly createdAt: Date;
  /** In the trash since; a job that was created before may still read the file. */
  readonly deletedAt?: Date | null;
}

/** A source with an optional mask, in upload order. */
export interface DatasetItem {
  readonly id: string;
  readonly datasetId: string;
  /** Order of upload within the dataset, from 0. */
  readonly position: number;
  /** Number of its upload, from 1 within the dataset. */
  readonly uploadIndex: number;
  /** Sampling rate in frames per second by which a video is counted and charged; 1 for images. */
  readonly sampleFps: number;
  /** Frames at that rate; 1 for images. */
  readonly sampledFrames: number;
  readonly source: Media;
  readonly mask: Media | null;
}

/** Default sampling rate of videos in frames per second. */
export const DEFAULT_SAMPLE_FPS = 1;

/** Number of frames sampled at 0, 1/fps, 2/fps … seconds: at least one, never more than the video has. */
export function countSampledFrames(
  video: Pick<Media, 'kind' | 'durationSeconds' | 'frameCount'>,
  sampleFps: number,
): number {
  if (video.kind === 'image') return 1;
  // A duration is a sum of frame lengths, so rounding may put it slightly beyond a whole second.
  const samples = Math.ceil((video.durationSeconds ?? 0) * sampleFps - 1e-6);
  return Math.min(video.frameCount, Math.max(1, samples));
}
