import type { MediaKind } from './dataset.js';
import type { FilmstripFacts } from './filmstrip.js';

/** PostgreSQL NOTIFY channel for previews that are to be made, and for contents whose last file was deleted. */
export const PREVIEWS_CHANNEL = 'media_previews';

/**
 * What is derived from a stored file, in the order in which it is made. `md5` is a second checksum for clients that
 * compare with lists of MD5 sums.
 */
export const PREVIEW_KINDS = ['thumbnail', 'poster', 'filmstrip', 'md5', 'proxy'] as const;
/** See {@link PREVIEW_KINDS}. */
export type PreviewKind = (typeof PREVIEW_KINDS)[number];

/** Kinds that are files; the others are facts alone. */
export type PreviewFileKind = Exclude<PreviewKind, 'md5'>;

/** States of a preview. A preview that is not stored at all is not made by this installation, or not for this kind of media. */
export const PREVIEW_STATUSES = ['pending', 'ready', 'failed'] as const;
/** See {@link PREVIEW_STATUSES}. */
type PreviewStatus = (typeof PREVIEW_STATUSES)[number];

/** How often making a preview is attempted. */
export const MAX_PREVIEW_ATTEMPTS = 3;

const OF_IMAGES: readonly PreviewKind[] = ['thumbnail', 'md5'];

/** The kinds that a file can have: all for videos; for images those that are not about frames or time. */
export function previewKindsOf(kind: MediaKind): readonly PreviewKind[] {
  return kind === 'video' ? PREVIEW_KINDS : OF_IMAGES;
}

/** Nominal widths of thumbnails in pixels, ascending. */
export const THUMBNAIL_WIDTHS = [160, 320, 640] as const;
/** Maximum height of a thumbnail as a multiple of its nominal width; only panoramas on end are narrower for it. */
export const THUMBNAIL_HEIGHT_FACTOR = 3;
/** Formats of thumbnails. */
export const THUMBNAIL_FORMATS = ['jpeg', 'webp'] as const;
/** See {@link THUMBNAIL_FORMATS}. */
export type ThumbnailFormat = (typeof THUMBNAIL_FORMATS)[number];

/** Name of a thumbnail among the files of its preview. */
export const thumbnailVariant = (width: number, format: ThumbnailFormat): string => `${width}.${format}`;

/** Variant of a preview that consists of one file. */
export const WHOLE_VARIANT = 'whole';

/** Formats in which a frame of a video can be had. */
export const FRAME_FORMATS = ['jpeg', 'png', 'webp'] as const;
/** See {@link FRAME_FORMATS}. */
export type FrameFormat = (typeof FRAME_FORMATS)[number];

/** Video encoders of the playable copy. */
export const PROXY_ENCODERS = ['h264', 'hevc_nvenc'] as const;
/** See {@link PROXY_ENCODERS}. */
export type ProxyEncoder = (typeof PROXY_ENCODERS)[number];

/** What is known about a preview in addition to its files. */
export interface PreviewFacts {
  /** Of thumbnail and poster of a video: the frame that they show, from 0. */
  readonly frame?: number;
  readonly filmstrip?: FilmstripFacts;
  /** Of a proxy: codec of its video, and whether it has sound. */
  readonly codec?: 'h264' | 'hevc';
  readonly sound?: boolean;
  readonly md5?: string;
}

/** One file of a preview. */
export interface PreviewFile {
  /** Distinguishes the files of a preview: `320.webp`, the number of a filmstrip's frame, `sheet-0`, `whole`. */
  readonly variant: string;
  /** MIME type. */
  readonly type: string;
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  /** Key in the blob store. */
  readonly storageKey: string;
}

/** A preview of a content; media with equal content share it. */
export interface Preview {
  /** SHA-256 of the content, in lower-case hexadecimal. */
  readonly sha256: string;
  readonly kind: PreviewKind;
  readonly status: PreviewStatus;
  /** Attempts so far, including a running one. */
  readonly attempts: number;
  /** Why it failed. */
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly facts: PreviewFacts;
  readonly updatedAt: Date;
}
