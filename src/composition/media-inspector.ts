import { availableParallelism } from 'node:os';
import type { Environment } from '../config/environment.js';
import type { MediaKind } from '../domain/dataset.js';
import { AppError } from '../errors/app-error.js';
import type { FfmpegTools } from '../media/ffmpeg-locate.js';
import { probeVideo } from '../media/probe.js';
import type { PictureIntakeProcess } from '../media/picture-intake-process.js';
import { MAX_PICTURE_SIDE } from '../media/picture-size.js';
import { isPictureFormat } from '../media/picture-type.js';
import { IMAGE_TYPES, sniffFile, VIDEO_TYPES } from '../media/sniff.js';
import { openZip, type ZipArchive, type ZipEntry } from '../media/zip-reader.js';
import { AdmissionQueue, type AdmissionLimits } from '../services/admission-queue.js';
import type { MediaInspector, UploadArchive } from '../services/upload-inspection.js';

/** Videos are decoded to count their frames, on half of the cores: the others stay free for requests and jobs. */
const DECODING: AdmissionLimits = {
  running: Math.max(1, availableParallelism() >> 1),
  waiting: 64,
  waitingPerKey: 64,
  maxWaitMs: 300_000,
};

const busy = (): AppError =>
  new AppError({
    code: 'BUSY',
    kind: 'unavailable',
    message: 'Too many uploaded videos are being read; try again later.',
    retryAfterSeconds: 30,
  });

/** Limits of uploads. */
export type UploadLimits = Pick<
  Environment,
  | 'UPLOAD_MAX_MB'
  | 'UPLOAD_MAX_PIXELS'
  | 'UPLOAD_MAX_IMAGE_PIXELS'
  | 'UPLOAD_MAX_FRAMES'
  | 'UPLOAD_ZIP_MAX_FILES'
>;

/** How an upload is looked at. */
export interface MediaInspectorOptions {
  readonly tools: FfmpegTools;
  readonly limits: UploadLimits;
  /** Where pictures are decoded. */
  readonly pictures: PictureIntakeProcess;
  /** @throws AppError of kind `storage_full` when so many bytes do not fit. */
  requireSpace(bytes: number): Promise<void>;
}

/** All videos of an archive together may be this many times as large as the largest upload. */
const ARCHIVE_FACTOR = 2;

function asUploadArchive(zip: ZipArchive): UploadArchive {
  // Entries are looked up by identity, so that only those of this archive can be extracted.
  const known = new Map<object, ZipEntry>(zip.entries.map((entry) => [entry, entry]));
  return {
    entries: zip.entries,
    warnings: zip.warnings,
    extract: async (entry, targetPath, signal) => {
      const own = known.get(entry);
      if (own === undefined) throw new TypeError('the entry is of another archive');
      return zip.extract(own, targetPath, signal);
    },
    close: () => zip.close(),
  };
}

async function kindOf(file: string): Promise<MediaKind | 'zip'> {
  const type = await sniffFile(file, [...IMAGE_TYPES, ...VIDEO_TYPES, 'zip']);
  if (type === 'zip') return 'zip';
  return isPictureFormat(type) ? 'image' : 'video';
}

/** Looks at uploads with confined FFmpeg children and the ZIP rules. */
export function createMediaInspector({
  tools,
  limits,
  pictures,
  requireSpace,
}: MediaInspectorOptions): MediaInspector {
  const videoLimits = { maxPixels: limits.UPLOAD_MAX_PIXELS, maxFrames: limits.UPLOAD_MAX_FRAMES };
  const decoding = new AdmissionQueue(DECODING, busy);
  const imageLimits = { maxPixels: limits.UPLOAD_MAX_IMAGE_PIXELS, maxSide: MAX_PICTURE_SIDE };
  return {
    requireSpace,
    kindOf,
    takePicture: async (file, { role, sourcePath, signal }) => {
      const target = `${file}.png`;
      const taken = await pictures.take(
        { path: file, target, role, sourcePath, limits: imageLimits },
        signal,
      );
      return { path: target, ...taken };
    },
    probeVideo: (file, signal) =>
      decoding.run('', () => probeVideo(file, { tools, limits: videoLimits, signal })),
    openArchive: async (file) => {
      await sniffFile(file, ['zip']);
      const zip = await openZip(file, {
        maxEntries: limits.UPLOAD_ZIP_MAX_FILES,
        maxEntryBytes: limits.UPLOAD_MAX_MB,
        maxTotalBytes: ARCHIVE_FACTOR * limits.UPLOAD_MAX_MB,
      });
      return asUploadArchive(zip);
    },
  };
}
