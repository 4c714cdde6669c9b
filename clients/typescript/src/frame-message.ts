/** Formats of frames; the number is that of the header. */
export const FRAME_FORMATS = { jpeg: 1, png: 2, webp: 3, gray8: 4, rgb24: 5, yuy2: 6 } as const;
/** See {@link FRAME_FORMATS}. */
export type FrameFormat = keyof typeof FRAME_FORMATS;

/** One frame to be answered. */
export interface Frame {
  readonly format: FrameFormat;
  /** An encoded image, or pixels row by row. */
  readonly bytes: Uint8Array;
  /** Of raw pixels (`gray8`, `rgb24`, `yuy2`). */
  readonly size?: { readonly width: number; readonly height: number };
  /** When it was taken, in microseconds of any clock; now when left out. */
  readonly captureTimeMicros?: bigint;
  /** Asks for the tool's velocity in binary answers. */
  readonly toolFrame?: boolean;
}

const VERSION = 1;
const HEADER_BYTES = 16;
const TOOL_FRAME = 1;
const RAW: readonly FrameFormat[] = ['gray8', 'rgb24', 'yuy2'];

/** Microseconds since 1970. */
const nowMicros = (): bigint => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000));

/**
 * The binary message of a frame, little-endian: version, format, flags (2 bytes), sequence number (4), capture time (8); of
 * raw formats width and height (2 each); the image.
 */
export function frameMessage(frame: Frame, sequence: number): Uint8Array {
  const { format, bytes, size, captureTimeMicros = nowMicros(), toolFrame = false } = frame;
  const raw = RAW.includes(format);
  if (raw && size === undefined) throw new Error(`A ${format} frame needs its size.`);
  const start = HEADER_BYTES + (raw ? 4 : 0);
  const message = new Uint8Array(start + bytes.length);
  const view = new DataView(message.buffer);
  view.setUint8(0, VERSION);
  view.setUint8(1, FRAME_FORMATS[format]);
  view.setUint16(2, toolFrame ? TOOL_FRAME : 0, true);
  view.setUint32(4, sequence, true);
  view.setBigUint64(8, captureTimeMicros, true);
  if (raw && size !== undefined) {
    view.setUint16(HEADER_BYTES, size.width, true);
    view.setUint16(HEADER_BYTES + 2, size.height, true);
  }
  message.set(bytes, start);
  return message;
}
