import type { FrameFormat, ServoFrame } from '../domain/servo.js';
import { requireImage } from '../domain/servo-frame.js';
import { AppError } from '../errors/app-error.js';
import { parseFrame } from '../protocols/servo-stream/frame-message.js';

/** Formats of images that come without a header. */
const IMAGE_FORMATS: Readonly<Record<string, FrameFormat>> = {
  'image/jpeg': 'jpeg',
  'image/png': 'png',
  'image/webp': 'webp',
};

/** A frame as it came by a request. */
export interface PostedFrame {
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly sequence: number;
  readonly captureTimeMicros: bigint;
}

/** The frame of a request: a binary message of the stream, or an image. @throws AppError as `parseFrame` */
export function readPostedFrame(
  { type, bytes, sequence, captureTimeMicros }: PostedFrame,
  maxBytes: number,
): ServoFrame {
  const format = IMAGE_FORMATS[type];
  if (format === undefined) return parseFrame(bytes, { maxBytes });
  if (bytes.length > maxBytes) {
    throw new AppError('PICTURE_TOO_LARGE', {
      message: `The image has ${String(bytes.length)} bytes; at most ${String(maxBytes)} are allowed.`,
      details: { bytes: bytes.length, maxBytes },
    });
  }
  const frame = { format, sequence, captureTimeMicros, size: null, toolFrame: false, bytes };
  requireImage(frame);
  return frame;
}
