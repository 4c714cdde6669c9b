import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { MaskFacts } from '../../domain/dataset.js';
import type { FrameFormat } from '../../domain/preview.js';
import { notFound } from '../../errors/common-errors.js';
import type { FfmpegTools } from '../../media/ffmpeg-locate.js';
import { decodeImages } from '../../media/frame-image.js';
import { encodeImage } from '../../media/image-codec.js';
import { readMaskVideo, type ProbedVideo } from '../../media/mask-video.js';
import { openVideo, type OpenedVideo } from '../../media/previews/preview-source.js';
import { probeVideo, type KnownFrames, type VideoLimits } from '../../media/probe.js';
import { writeScreenshotFrame } from '../../media/screenshot-frame.js';
import { probeStoredVideo, type StoredVideo } from '../../media/stored-video.js';

/** A video that was probed before. */
type KnownVideoFile = KnownFrames & { readonly path: string };

interface Shared {
  readonly tools: FfmpegTools;
  readonly limits: VideoLimits;
}

/** Size and SHA-256 of a written file. */
export interface WrittenFile {
  readonly bytes: number;
  readonly sha256: string;
}

/** Reads a mask video. */
export interface MaskVideoWork extends Shared {
  readonly kind: 'maskVideo';
  readonly mask: KnownVideoFile;
  readonly source: KnownVideoFile;
  /** See `readMaskVideo`. */
  readonly keptBytes?: number;
}

/** Writes the frame of which an image is a screenshot. */
export interface ScreenshotWork extends Shared {
  readonly kind: 'screenshot';
  readonly image: string;
  readonly target: string;
  readonly video: KnownVideoFile;
}

/** Writes one frame of a stored video as an image. */
export interface FrameImageWork {
  readonly kind: 'frameImage';
  readonly path: string;
  readonly video: StoredVideo;
  /** Zero-based. */
  readonly index: number;
  readonly target: string;
  readonly format: FrameFormat;
  /** Whether HDR is tone-mapped, for people to look at; otherwise colours are as jobs read them. */
  readonly toneMap: boolean;
  readonly tools: FfmpegTools;
}

/** Work on the frames of uploaded videos. */
export type FrameWork = MaskVideoWork | ScreenshotWork | FrameImageWork;

/** Result of the work: how a mask video is read, or the written file. */
export type FrameFindings = MaskFacts | WrittenFile | null;

/**
 * Performs the work.
 * @throws AppError as `probeVideo`, `readMaskVideo` and `writeScreenshotFrame` do; NOT_FOUND for a frame
 *   beyond the end
 */
export async function workOnFrames(work: FrameWork): Promise<FrameFindings> {
  const { tools } = work;
  switch (work.kind) {
    case 'maskVideo': {
      const openSource = () => probed(work.source, work);
      const { keptBytes } = work;
      return readMaskVideo({ mask: await probed(work.mask, work), openSource, tools, keptBytes });
    }
    case 'screenshot':
      await writeScreenshotFrame({ ...work, video: await probed(work.video, work) });
      return null;
    case 'frameImage':
      return writeFrameImage(work);
  }
}

async function probed({ path, ...known }: KnownVideoFile, { tools, limits }: Shared): Promise<ProbedVideo> {
  return { path, probe: await probeVideo(path, { tools, limits, known }) };
}

async function writeFrameImage(work: FrameImageWork): Promise<WrittenFile> {
  const { path, index, target, format, tools } = work;
  const { probe, colours } = await openFrames(work);
  if (index >= probe.frameCount) throw notFound('Frame', String(index));
  const workingSize = { width: probe.width, height: probe.height };
  for await (const image of decodeImages({ path, probe, workingSize, colours, tools, indices: [index] })) {
    const encoded = await encodeImage(image, { format });
    await writeFile(target, encoded, { mode: 0o600 });
    return { bytes: encoded.length, sha256: createHash('sha256').update(encoded).digest('hex') };
  }
  throw notFound('Frame', String(index));
}

async function openFrames({
  path,
  video,
  target,
  toneMap,
  tools,
}: FrameImageWork): Promise<Pick<OpenedVideo, 'probe'> & Partial<Pick<OpenedVideo, 'colours'>>> {
  if (!toneMap) return { probe: await probeStoredVideo(path, video, { tools }) };
  const { probe, colours, isHdr } = await openVideo({ path, video, tools, folder: dirname(target) });
  return isHdr ? { probe, colours } : { probe };
}
