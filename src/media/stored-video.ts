import type { FrameSource } from '../domain/dataset.js';
import { AppError } from '../errors/app-error.js';
import type { FfmpegTools } from './ffmpeg-locate.js';
import { probeVideo, type VideoProbe } from './probe.js';

/** What is stored of a video that was accepted once. */
export interface StoredVideo {
  readonly width: number;
  readonly height: number;
  readonly frameCount: number;
  /** Missing where an earlier version stored the video. */
  readonly frameSource?: FrameSource;
}

/** What {@link probeStoredVideo} needs. */
export interface StoredProbeOptions {
  readonly tools: FfmpegTools;
  readonly signal?: AbortSignal;
  /** As in `ProbeOptions`; a job decodes `all`, so that it never counts on frames that do not exist. */
  readonly decode?: 'all' | 'part';
}

/**
 * Probes a stored video again with the checks of its upload. Its own size is the limit, so that lower limits of today
 * leave it usable. The frame count may differ from the stored one where that was not found by a decoder.
 * @throws AppError `MEDIA_CHANGED` where the file is another one, and as `probeVideo`
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
    // Another version of FFmpeg may give a frame more where the file is damaged.
    limits: { maxPixels: width * height, maxFrames: 2 * frameCount },
    known: { frameCount, frameSource },
  });
  if (probe.width === width && probe.height === height) return probe;
  throw new AppError('MEDIA_CHANGED', {
    message: `The video has ${probe.width}x${probe.height} pixels now, ${width}x${height} were stored.`,
  });
}
