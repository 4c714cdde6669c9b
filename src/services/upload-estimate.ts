import { DEFAULT_SAMPLE_FPS } from '../domain/dataset.js';
import type { IncomingUpload, UploadEstimate } from '../domain/incoming-upload.js';
import { toCredits, type BillableUnits, type PricePresetName, type Quote } from '../domain/money.js';

/** Bytes per frame of ordinary compressed video: 8 Mbit/s at 30 frames per second. */
const BYTES_PER_FRAME = 32 * 1024;
/** Bytes per file of an archive of photos. */
const BYTES_PER_FILE = 2 ** 20;
const FRAMES_PER_SECOND = 25;
const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set([
  ...['png', 'jpg', 'jpeg', 'webp', 'avif', 'heic', 'heif', 'tif', 'tiff', 'gif', 'bmp'],
]);

/** Whether a file of this name extension is probably an image. */
export const isImageExtension = (extension: string): boolean => IMAGE_EXTENSIONS.has(extension);

/** What is known of an upload before its bytes arrive. */
export interface EstimatedUpload extends Pick<
  IncomingUpload,
  'kind' | 'role' | 'extension' | 'isArchive' | 'options'
> {
  /** Size, or the least that it can be. */
  readonly bytes: number;
  /** Number of frames that the client declared. */
  readonly frames?: number;
}

/**
 * Units by which an upload is probably billed: one image, or the declared number of frames, or one frame for every
 * 32 KiB. The charge is for what the files contain.
 */
export function estimateUnits(upload: EstimatedUpload): { preset: PricePresetName; units: BillableUnits } {
  const { kind, role, extension, isArchive, options, bytes } = upload;
  const frames = Math.max(1, upload.frames ?? Math.ceil(bytes / BYTES_PER_FRAME));
  const files = Math.max(1, Math.ceil(bytes / BYTES_PER_FILE));
  switch (kind) {
    case 'videos':
      return { preset: 'infernode', units: { 'upload.video_frame': frames } };
    case 'images':
      return { preset: 'infernode', units: { 'upload.image': isArchive ? files : 1 } };
    case 'dataset':
      return { preset: 'infernode', units: { 'upload.image': files } };
    case 'pairs': {
      if (isArchive) return { preset: 'inpainting', units: { 'upload.zip_file': files } };
      // Masks are free.
      if (role === 'mask') return { preset: 'inpainting', units: {} };
      const rate = Math.min(1, (options.fps ?? DEFAULT_SAMPLE_FPS) / FRAMES_PER_SECOND);
      const sampled = Math.max(1, Math.ceil(frames * rate));
      const isImage = isImageExtension(extension);
      return {
        preset: 'inpainting',
        units: isImage ? { 'upload.image': 1 } : { 'upload.video_frame': sampled },
      };
    }
  }
}

/** A quote in credits. */
export const toEstimate = ({ preset, version, total, lines }: Quote): UploadEstimate => ({
  preset,
  version,
  total: toCredits(total),
  lines: lines.map(({ unit, count, unitPrice, amount }) => ({
    unit,
    count,
    unitPrice: toCredits(unitPrice),
    amount: toCredits(amount),
  })),
});
