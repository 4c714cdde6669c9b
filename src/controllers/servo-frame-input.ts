import type { ServoFrame } from '../domain/servo.js';
import { acceptFrame, FRAME_MEDIA_TYPES, type FrameMediaType } from '../domain/servo-frame.js';
import { parseFrame } from '../protocols/servo-stream/frame-message.js';

const isImage = (type: string): type is FrameMediaType => Object.hasOwn(FRAME_MEDIA_TYPES, type);

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
  if (!isImage(type)) return parseFrame(bytes, { maxBytes });
  const format = FRAME_MEDIA_TYPES[type];
  return acceptFrame({ format, sequence, captureTimeMicros, size: null, toolFrame: false, bytes }, maxBytes);
}
