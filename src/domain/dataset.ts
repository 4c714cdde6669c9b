import type { MaskPaint } from './mask-paint.js';

/** A named collection of a user; soft-deleted, its name unique per owner among live ones. */
export interface Dataset {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt: Date | null;
  /** Number that the next upload gets, from 1. */
  readonly nextUploadIndex: number;
}

/** Kind of a stored file. */
export type MediaKind = 'image' | 'video';

/** What a file is for: something to work on, or a mask of it. */
export type MediaRole = 'source' | 'mask';

/** How the paint of a mask was detected; `difference`: by comparison with its source. */
export const MASK_READINGS = ['white', 'colour', 'transparency', 'difference'] as const;
/** See {@link MASK_READINGS}. */
export type MaskReading = (typeof MASK_READINGS)[number];

/** Figures of a mask; those of a mask video are means over sampled frames. */
export interface MaskFacts {
  /** Part of the pixels that is hole, 0 to 1. */
  readonly share: number;
  /** Part of the pixels that was neither black nor white, 0 to 1. */
  readonly nonBinaryShare: number;
  readonly reading: MaskReading;
  /** Width in pixels of the largest circle that fits into the hole; null for masks of earlier versions. */
  readonly circle: number | null;
  /** Of mask videos: which pixels of their frames are paint. Mask images are stored black and white. */
  readonly paint?: MaskPaint;
}

/**
 * How a video's frames were found. `packets`: all of it was decoded, and every packet gives one image at its own time.
 * `decoder`: all of it was decoded, and images and packets differ. `null`: not decoded to its end; jobs do that first.
 */
export type FrameSource = 'packets' | 'decoder' | null;

/** One stored file. Frames are counted by decoding, never read from a header. */
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
  /** Null for images and for videos stored by earlier versions. */
  readonly frameSource?: FrameSource;
  /** Frames a second as an exact fraction; null for images. */
  readonly fps: { readonly num: number; readonly den: number } | null;
  readonly durationSeconds: number | null;
  /** What a mask covers; null for sources and for mask videos of earlier versions. */
  readonly hole: MaskFacts | null;
  /** What the owner should know about how the file was read, one sentence each. */
  readonly warnings: readonly string[];
  /** Key in the blob store. */
  readonly storageKey: string;
  readonly createdAt: Date;
}

/** What a job works on: a source with or without its mask, in upload order. */
export interface DatasetItem {
  readonly id: string;
  readonly datasetId: string;
  /** Order of upload within the dataset, from 0. */
  readonly position: number;
  /** Number of the upload that brought it, from 1 within the dataset. */
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

/** Frames of a video that are shown at 0, 1/fps, 2/fps … seconds: at least one, never more than it has. */
export function countSampledFrames(
  video: Pick<Media, 'kind' | 'durationSeconds' | 'frameCount'>,
  sampleFps: number,
): number {
  if (video.kind === 'image') return 1;
  // A duration is a sum of frame lengths, so rounding may put it slightly beyond a whole second.
  const samples = Math.ceil((video.durationSeconds ?? 0) * sampleFps - 1e-6);
  return Math.min(video.frameCount, Math.max(1, samples));
}
