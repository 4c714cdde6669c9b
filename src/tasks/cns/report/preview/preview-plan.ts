/** Maximum frames of a preview. */
export const MAX_PREVIEW_FRAMES = 80;
/** Slowest and fastest playback, frames per second. */
const PLAYBACK = { slowest: 6, fastest: 25 };

/** Which processed frames a preview shows, and its frame rate. */
export interface PreviewPlan {
  /** Show every n-th processed frame, starting with the first. */
  readonly stride: number;
  /** Number of shown frames. */
  readonly count: number;
  /** Frames per second; the clip's own rate when it is within the playback limits. */
  readonly fps: number;
}

/**
 * Plans a short preview regardless of the length of the job.
 * @param total number of processed frames
 * @param secondsPerFrame time between processed frames
 */
export function planPreview(total: number, secondsPerFrame: number): PreviewPlan {
  const stride = Math.max(1, Math.ceil(total / MAX_PREVIEW_FRAMES));
  return { stride, count: Math.ceil(total / stride), fps: playbackRate(secondsPerFrame * stride) };
}

/** Frames per second of a preview whose frames were taken `seconds` apart. */
export function playbackRate(seconds: number): number {
  const fps = Math.min(PLAYBACK.fastest, Math.max(PLAYBACK.slowest, 1 / seconds));
  return Math.round(100 * fps) / 100;
}
