import type { FrameSource } from '../domain/dataset.js';
import { AppError } from '../errors/app-error.js';
import type { FfmpegTools } from './ffmpeg-locate.js';
import { probeVideo, type VideoProbe } from './probe.js';

/** Stored facts about an accepted video. */
export interface StoredVideo {
  readonly width: number;
  readonly height: number;
  readonly frameCount: number;
  /** Missing for videos stored by an earlier version. */
  readonly frameSource?: FrameSource;
}

/** As many as an upload may have with the default of `UPLOAD_MAX_FRAMES`. */
const UNDECODABLE_PACKETS = 1_000_000;

/** Options of {@link probeStoredVideo}. */
export interface StoredProbeOptions {
  readonly tools: FfmpegTools;
  readonly signal?: AbortSignal;
  /** As in `ProbeOptions`; jobs decode `all`, so that they never expect frames that do not exist. */
  readonly decode?: 'all' | 'part';
}

/**
 * Probes a stored video again with the checks of its upload. Its own size is the limit, so that it stays
 * usable when the configured limits are lowered. The frame count may differ from the stored one unless that
 * was determined by decoding.
 * @throws AppError `MEDIA_CHANGED` when the file was replaced, and as `probeVideo` does
 */
export async function probeStoredVideo(
  path: string,
  stored: StoredVideo,
  { tools, signal, decode }: StoredProbeOptions,
): Promise<VideoProbe> {
  const { width, height, frameCount, frameSource = null } = stored;
  const probe = await probeVideo(path, {
    tools,
    signal,
    decode,
    // For damaged files another version of FFmpeg may return a different number of frames.
    limits: {
      maxPixels: width * height,
      maxFrames: 2 * frameCount,
      // Of a damaged recording, thousands of packets may give a few frames.
      maxPackets: 4 * frameCount + UNDECODABLE_PACKETS,
    },
    known: { frameCount, frameSource },
  });
  if (probe.width === width && probe.height === height) return probe;
  throw new AppError('MEDIA_CHANGED', {
    message: `The video now has ${probe.width}x${probe.height} pixels, but had ${width}x${height} when it was stored.`,
  });
}
