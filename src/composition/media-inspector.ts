import { availableParallelism } from 'node:os';
import type { Settings } from '../config/settings.js';
import type { MediaKind } from '../domain/dataset.js';
import { MAX_ARCHIVE_FILES } from '../domain/dataset-archive.js';
import { AppError } from '../errors/app-error.js';
import type { FfmpegTools } from '../media/ffmpeg-locate.js';
import { logContext } from '../logging/log-context.js';
import {
  readMaskVideoInChild,
  writeScreenshotInChild,
} from '../engines/frame-reader/frame-reader-process.js';
import { probeVideo } from '../media/probe.js';
import type { ImageIntake, ImageRequest } from '../media/image-intake.js';
import type { ImageIntakeProcess } from '../engines/image-intake/image-intake-process.js';
import { MAX_IMAGE_SIDE } from '../media/image-size.js';
import { isImageFormat } from '../media/image-type.js';
import { IMAGE_TYPES, sniffFile, VIDEO_TYPES } from '../media/sniff.js';
import { openZip, type ZipArchive, type ZipEntry } from '../media/zip-reader.js';
import type { ZipLimits } from '../media/zip-rules.js';
import { AdmissionQueue, type AdmissionLimits } from '../services/admission-queue.js';
import type {
  ArchiveContent,
  KnownVideo,
  MediaInspector,
  ImportedImage,
  UploadArchive,
} from '../services/upload-inspection.js';

const WAITING = { waiting: 512, waitingPerKey: 64, maxWaitMs: 300_000 } as const;
/**
 * Videos are decoded to count their frames, on half of the cores; the others remain for requests and jobs.
 */
const DECODING: AdmissionLimits = { running: Math.max(1, availableParallelism() >> 1), ...WAITING };
/** The image process handles one image at a time. */
const TAKING: AdmissionLimits = { running: 1, ...WAITING };

const busy = (files: 'images' | 'videos') => (): AppError =>
  new AppError('BUSY', {
    message: `Too many uploaded ${files} are being read; try again later.`,
    retryAfterSeconds: 30,
  });

/**
 * Queue key: the account of the running request, so that accounts are served fairly however many files one of
 * them sends.
 */
const account = (): string => logContext().userId ?? '';

/** Options of the media inspector. */
export interface MediaInspectorOptions {
  readonly tools: FfmpegTools;
  readonly limits: Settings['upload'];
  /** Decodes images in a separate process. */
  readonly images: Pick<ImageIntakeProcess, 'take'>;
  /** @throws AppError of kind `storage_full` when this many bytes do not fit on disk. */
  requireSpace(bytes: number): Promise<void>;
}

/** All videos of an archive together may be this many times as large as the largest upload. */
const ARCHIVE_FACTOR = 2;
/** Media hardly shrink when somebody packs them again. */
const DATASET_MAX_RATIO = 3;

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

async function openArchive(
  file: string,
  limits: Settings['upload'],
  content: ArchiveContent = 'files',
): Promise<UploadArchive> {
  await sniffFile(file, ['zip']);
  const zip = await openZip(file, content === 'dataset' ? datasetLimits(limits) : fileLimits(limits));
  return asUploadArchive(zip);
}

const fileLimits = ({ maxZipFiles, maxBytes }: Settings['upload']): ZipLimits => ({
  maxEntries: maxZipFiles,
  maxEntryBytes: maxBytes,
  maxTotalBytes: ARCHIVE_FACTOR * maxBytes,
});

/** Archives of datasets contain all kinds of uploads. They are written without compression. */
function datasetLimits({ maxBytes, maxResumableBytes }: Settings['upload']): ZipLimits {
  const maxEntryBytes = Math.max(maxBytes, maxResumableBytes);
  return {
    maxEntries: MAX_ARCHIVE_FILES,
    maxEntryBytes,
    maxTotalBytes: ARCHIVE_FACTOR * maxEntryBytes,
    maxRatio: DATASET_MAX_RATIO,
  };
}

async function kindOf(file: string): Promise<MediaKind | 'zip'> {
  const type = await sniffFile(file, [...IMAGE_TYPES, ...VIDEO_TYPES, 'zip']);
  if (type === 'zip') return 'zip';
  return isImageFormat(type) ? 'image' : 'video';
}

/** Steps of importing an image. */
interface ImageSteps {
  take(order: ImageIntake): Promise<Omit<ImportedImage, 'path'>>;
  /** Writes the frame of a video from which an image was most likely taken. */
  writeFrame(image: string, target: string, video: KnownVideo): Promise<void>;
}

/**
 * Imports an image. The mask image of a video may be painted over a screenshot of it, so if that is possible,
 * it is compared with that frame.
 */
async function importImageOf(
  intake: ImageIntake,
  sourceVideo: KnownVideo | undefined,
  { take, writeFrame }: ImageSteps,
): Promise<ImportedImage> {
  const path = intake.target;
  if (sourceVideo === undefined) return { path, ...(await take(intake)) };
  const alone = await take(intake).catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'MASK_UNCLEAR') return null;
    throw error;
  });
  if (alone !== null && alone.hole?.reading !== 'colour') return { path, ...alone };
  // Imported as a source, the image keeps its colours.
  const [image, sourcePath] = [`${intake.path}.colours.png`, `${intake.path}.frame.png`];
  await take({ ...intake, role: 'source', target: image });
  await writeFrame(image, sourcePath, sourceVideo);
  return { path, ...(await take({ ...intake, sourcePath, sourceIsFrame: true })) };
}

/** Inspects uploads with confined FFmpeg processes and the ZIP rules. */
export function createMediaInspector({
  tools,
  limits,
  images,
  requireSpace,
}: MediaInspectorOptions): MediaInspector {
  const videoLimits = { maxPixels: limits.maxVideoPixels, maxFrames: limits.maxFrames };
  const decoding = new AdmissionQueue(DECODING, busy('videos'));
  const taking = new AdmissionQueue(TAKING, busy('images'));
  const imageLimits = { maxPixels: limits.maxImagePixels, maxSide: MAX_IMAGE_SIDE };
  const shared = { tools, limits: videoLimits };
  const takeImage = (request: ImageRequest, signal?: AbortSignal) =>
    taking.run(account(), () => images.take(request, signal));
  return {
    requireSpace,
    kindOf,
    importImage: (file, { sourceVideo, signal, target = `${file}.png`, ...options }) => {
      const intake = { path: file, target, limits: imageLimits, ...options };
      const take = (order: ImageIntake) => takeImage(order, signal);
      const writeFrame = (image: string, target: string, video: KnownVideo) =>
        decoding.run(account(), () => writeScreenshotInChild({ image, video, target, ...shared }, signal));
      return importImageOf(intake, sourceVideo, { take, writeFrame });
    },
    drawMask: async ({ shapes, size, target }, signal) => ({
      path: target,
      ...(await takeImage({ shapes, size, target }, signal)),
    }),
    readMaskVideo: (mask, source, signal) =>
      decoding.run(account(), () => readMaskVideoInChild({ mask, source, ...shared }, signal)),
    probeVideo: (file, signal) =>
      decoding.run(account(), () => probeVideo(file, { tools, limits: videoLimits, signal })),
    openArchive: (file, content) => openArchive(file, limits, content),
  };
}
