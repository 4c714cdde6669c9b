import type { Detector, Features } from '../../inference/features/types.js';
import type { Frame } from '../../media/frame-stream.js';

/** A frame whose key points are known; its pixels are gone by then. */
export interface DetectedFrame {
  readonly index: number;
  readonly timeSeconds: number;
  readonly features: Features;
  /** From handing the frame over until its key points were there. */
  readonly detectMs: number;
}

/** How far to run ahead. */
export interface DetectAheadOptions {
  readonly detector: Detector;
  readonly size: { readonly width: number; readonly height: number };
  /** Frames that may be under way at once: what bounds memory. */
  readonly ahead: number;
}

/**
 * Keeps decoder and detector busy while the consumer works on earlier frames; results come in order.
 * Ends the decoder when the consumer leaves early.
 */
export async function* detectAhead(
  frames: AsyncIterable<Frame>,
  { detector, size, ahead }: DetectAheadOptions,
): AsyncGenerator<DetectedFrame, void, undefined> {
  const underWay: Promise<DetectedFrame>[] = [];
  for await (const frame of frames) {
    const detection = detect(frame, detector, size);
    // A failure is met when its turn comes; until then it is not an unhandled one.
    detection.catch(() => undefined);
    underWay.push(detection);
    if (underWay.length >= ahead) yield await (underWay.shift() as Promise<DetectedFrame>);
  }
  while (underWay.length > 0) yield await (underWay.shift() as Promise<DetectedFrame>);
}

async function detect(
  { index, timeSeconds, data }: Frame,
  detector: Detector,
  size: { readonly width: number; readonly height: number },
): Promise<DetectedFrame> {
  const start = performance.now();
  const features = await detector.detect({ ...size, data });
  return { index, timeSeconds, features, detectMs: performance.now() - start };
}
