import type { FeaturePipeline } from './features/feature-pipeline.js';
import type { TrackedFeatures } from './features/track-features.js';
import type { Frame } from '../media/frame-stream.js';

/** A frame in which the goal's points were looked for; its pixels and descriptors are gone by then. */
export interface TrackedFrame extends TrackedFeatures {
  readonly index: number;
  readonly timeSeconds: number;
}

/** Who works ahead, and how far. */
export interface TrackAheadOptions {
  readonly featurePipeline: Pick<FeaturePipeline, 'track'>;
  readonly size: { readonly width: number; readonly height: number };
  /** Frames that may be under way at once: what bounds memory. */
  readonly ahead: number;
}

/**
 * Keeps decoder and feature pipeline busy while the consumer works on earlier frames; results come in order.
 * Ends the decoder when the consumer leaves early.
 */
export async function* trackAhead(
  frames: AsyncIterable<Frame>,
  options: TrackAheadOptions,
): AsyncGenerator<TrackedFrame, void, undefined> {
  const underWay: Promise<TrackedFrame>[] = [];
  for await (const frame of frames) {
    const tracked = track(frame, options);
    // A failure is met when its turn comes; until then it is not an unhandled one.
    tracked.catch(() => undefined);
    underWay.push(tracked);
    if (underWay.length >= options.ahead) yield await (underWay.shift() as Promise<TrackedFrame>);
  }
  while (underWay.length > 0) yield await (underWay.shift() as Promise<TrackedFrame>);
}

async function track(
  { index, timeSeconds, data }: Frame,
  { featurePipeline, size }: TrackAheadOptions,
): Promise<TrackedFrame> {
  return { index, timeSeconds, ...(await featurePipeline.track({ ...size, data })) };
}
