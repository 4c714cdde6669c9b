import type { GoalTracker, TrackedFeatures } from '../../inference/features/tracking/goal-tracker.js';
import type { Detector } from '../../inference/features/types.js';
import type { Frame } from '../../media/frame-stream.js';

/** A frame in which the goal's points were looked for; its pixels and descriptors are gone by then. */
export interface TrackedFrame extends TrackedFeatures {
  readonly index: number;
  readonly timeSeconds: number;
  /** From handing the frame over until its key points were there. */
  readonly detectMs: number;
}

/** Who works ahead, and how far. */
export interface TrackAheadOptions {
  readonly detector: Pick<Detector, 'detect'>;
  readonly tracker: Pick<GoalTracker, 'track'>;
  readonly size: { readonly width: number; readonly height: number };
  /** Frames that may be under way at once: what bounds memory. */
  readonly ahead: number;
}

/**
 * Keeps decoder, detector and matcher busy while the consumer works on earlier frames; results come in order.
 * Ends the decoder when the consumer leaves early.
 */
export async function* trackAhead(
  frames: AsyncIterable<Frame>,
  options: TrackAheadOptions,
): AsyncGenerator<TrackedFrame, void, undefined> {
  const underWay: Promise<TrackedFrame>[] = [];
  for await (const frame of frames) {
    const tracked = detectAndTrack(frame, options);
    // A failure is met when its turn comes; until then it is not an unhandled one.
    tracked.catch(() => undefined);
    underWay.push(tracked);
    if (underWay.length >= options.ahead) yield await (underWay.shift() as Promise<TrackedFrame>);
  }
  while (underWay.length > 0) yield await (underWay.shift() as Promise<TrackedFrame>);
}

async function detectAndTrack(
  { index, timeSeconds, data }: Frame,
  { detector, tracker, size }: TrackAheadOptions,
): Promise<TrackedFrame> {
  const start = performance.now();
  const features = await detector.detect({ ...size, data });
  const detectMs = performance.now() - start;
  return { index, timeSeconds, detectMs, ...(await tracker.track(features)) };
}
