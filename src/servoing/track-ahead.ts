import type { FeaturePipeline } from './features/feature-pipeline.js';
import type { TrackedFeatures } from './features/track-features.js';
import type { Frame } from '../media/frame-stream.js';

/** A tracked frame; its pixels and descriptors have been released. */
export interface TrackedFrame extends TrackedFeatures {
  readonly index: number;
  readonly timeSeconds: number;
}

/** Options of {@link trackAhead}. */
export interface TrackAheadOptions {
  readonly featurePipeline: Pick<FeaturePipeline, 'track'>;
  readonly size: { readonly width: number; readonly height: number };
  /** Maximum frames in progress at once; bounds memory. */
  readonly ahead: number;
}

/**
 * Prefetches: keeps decoder and feature pipeline busy while the consumer processes earlier frames; results are in
 * order. Stops the decoder when the consumer stops early.
 */
export async function* trackAhead(
  frames: AsyncIterable<Frame>,
  options: TrackAheadOptions,
): AsyncGenerator<TrackedFrame, void, undefined> {
  const inProgress: Promise<TrackedFrame>[] = [];
  for await (const frame of frames) {
    const tracked = track(frame, options);
    // A rejection is handled when the frame is awaited; until then it must not count as unhandled.
    tracked.catch(() => undefined);
    inProgress.push(tracked);
    if (inProgress.length >= options.ahead) yield await (inProgress.shift() as Promise<TrackedFrame>);
  }
  while (inProgress.length > 0) yield await (inProgress.shift() as Promise<TrackedFrame>);
}

async function track(
  { index, timeSeconds, data }: Frame,
  { featurePipeline, size }: TrackAheadOptions,
): Promise<TrackedFrame> {
  return { index, timeSeconds, ...(await featurePipeline.track({ ...size, data })) };
}
