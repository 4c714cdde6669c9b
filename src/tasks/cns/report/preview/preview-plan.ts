/** Most frames of a preview. */
const MOST_FRAMES = 80;
/** Slowest and fastest playback, frames a second. */
const PLAYBACK = { slowest: 6, fastest: 25 };

/** Which processed frames a preview shows, and how fast. */
export interface PreviewPlan {
  /** Every how many processed frames one is shown, from the first on. */
  readonly stride: number;
  /** Number of shown frames. */
  readonly count: number;
  /** Frames a second; the clip's own pace where it is neither jerky nor too long. */
  readonly fps: number;
}

/**
 * A preview short enough to be glanced at, however long the job is.
 * @param total processed frames
 * @param secondsPerFrame from one processed frame to the next
 */
export function planPreview(total: number, secondsPerFrame: number): PreviewPlan {
  const stride = Math.max(1, Math.ceil(total / MOST_FRAMES));
  const ownPace = 1 / (secondsPerFrame * stride);
  const fps = Math.min(PLAYBACK.fastest, Math.max(PLAYBACK.slowest, ownPace));
  return { stride, count: Math.ceil(total / stride), fps: Math.round(100 * fps) / 100 };
}
