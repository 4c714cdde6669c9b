import { FRAME_FORMATS, type FrameFormat, type ServoFrame } from '../../domain/servo.js';
import type { FrameLabel } from '../../domain/servo-event.js';
import { acceptFrame, isRaw, malformedFrame } from '../../domain/servo-frame.js';

/** The only version there is. */
export const STREAM_VERSION = 1;
/** Bytes before the image, or before the size of raw formats. */
const FRAME_HEADER_BYTES = 16;
/** Width and height of raw formats, uint16 each. */
const SIZE_BYTES = 4;
/** Bit of the flags: binary answers hold the velocity of the tool instead of the camera's. */
const TOOL_FRAME = 1;

const NAMES = Object.keys(FRAME_FORMATS).filter((name): name is FrameFormat => name in FRAME_FORMATS);
const KNOWN = NAMES.map((name) => `${String(FRAME_FORMATS[name])} ${name}`).join(', ');

/** Limits of one frame. */
export interface FrameMessageLimits {
  /** Bytes of the image, without the header. */
  readonly maxBytes: number;
}

/**
 * Reads a binary message of the stream, little-endian: byte 0 version 1; byte 1 format; bytes 2-3 flags; bytes 4-7
 * sequence number; bytes 8-15 capture time in microseconds; of raw formats width and height, uint16 each; the image.
 * The image is not copied.
 * @throws AppError FRAME_MALFORMED (invalid) that names the field; PICTURE_TOO_LARGE (too_large)
 */
export function parseFrame(message: Uint8Array, { maxBytes }: FrameMessageLimits): ServoFrame {
  if (message.length < FRAME_HEADER_BYTES) {
    throw malformedFrame(
      `The message has ${String(message.length)} bytes; its header alone has ${String(FRAME_HEADER_BYTES)}.`,
    );
  }
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const version = view.getUint8(0);
  if (version !== STREAM_VERSION)
    throw malformedFrame(`version (byte 0) is ${String(version)}; it must be ${String(STREAM_VERSION)}.`);
  const format = NAMES.find((name) => FRAME_FORMATS[name] === view.getUint8(1));
  if (format === undefined)
    throw malformedFrame(`format (byte 1) is ${String(view.getUint8(1))}; known are ${KNOWN}.`);
  const flags = view.getUint16(2, true);
  if ((flags & ~TOOL_FRAME) !== 0)
    throw malformedFrame(
      `flags (bytes 2-3) are ${String(flags)}; known is only ${String(TOOL_FRAME)}, the rest must be 0.`,
    );
  const head = { format, ...labelOf(view), toolFrame: (flags & TOOL_FRAME) !== 0 };
  const size = isRaw(format) ? sizeOf(view, format) : null;
  const bytes = message.subarray(FRAME_HEADER_BYTES + (size === null ? 0 : SIZE_BYTES));
  return acceptFrame({ ...head, size, bytes }, maxBytes);
}

/**
 * The sequence number and capture time of a message that {@link parseFrame} refused, so that its sender knows which one it
 * was; null if the message has none.
 */
export function readFrameLabel(message: Uint8Array): FrameLabel | null {
  if (message.length < FRAME_HEADER_BYTES || message[0] !== STREAM_VERSION) return null;
  return labelOf(new DataView(message.buffer, message.byteOffset, message.byteLength));
}

const labelOf = (view: DataView): FrameLabel => ({
  sequence: view.getUint32(4, true),
  captureTimeMicros: view.getBigUint64(8, true),
});

/** The message of a frame: what {@link parseFrame} reads. */
export function writeFrame(
  frame: Omit<ServoFrame, 'toolFrame'> & { readonly toolFrame?: boolean },
): Uint8Array {
  const { format, size, bytes, toolFrame = false } = frame;
  const start = FRAME_HEADER_BYTES + (isRaw(format) ? SIZE_BYTES : 0);
  const message = new Uint8Array(start + bytes.length);
  const view = new DataView(message.buffer);
  view.setUint8(0, STREAM_VERSION);
  view.setUint8(1, FRAME_FORMATS[format]);
  view.setUint16(2, toolFrame ? TOOL_FRAME : 0, true);
  view.setUint32(4, frame.sequence, true);
  view.setBigUint64(8, frame.captureTimeMicros, true);
  if (start > FRAME_HEADER_BYTES) {
    view.setUint16(FRAME_HEADER_BYTES, size?.width ?? 0, true);
    view.setUint16(FRAME_HEADER_BYTES + 2, size?.height ?? 0, true);
  }
  message.set(bytes, start);
  return message;
}

function sizeOf(view: DataView, format: FrameFormat): { readonly width: number; readonly height: number } {
  if (view.byteLength < FRAME_HEADER_BYTES + SIZE_BYTES) {
    throw malformedFrame(
      `The message ends at byte ${String(view.byteLength)}; ${format} has width and height in bytes 16-19.`,
    );
  }
  return {
    width: view.getUint16(FRAME_HEADER_BYTES, true),
    height: view.getUint16(FRAME_HEADER_BYTES + 2, true),
  };
}
