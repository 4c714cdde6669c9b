import { AppError } from '../errors/app-error.js';
import type { FrameRate } from './frame-plan.js';

/** The first video stream as ffprobe describes it; nothing in it is believed without a check. */
export interface RawStream {
  readonly codec: string | undefined;
  /** Four-character code in the container. */
  readonly tag: string;
  readonly width: number;
  readonly height: number;
  readonly timeBase: FrameRate;
  /** Candidates for the frame rate, best first; never zero. */
  readonly rates: readonly FrameRate[];
  readonly rotation: number;
  /** Seconds; the container's first timestamp over all streams. */
  readonly containerStart: number;
}

interface FfprobeAnswer {
  readonly streams?: readonly {
    readonly codec_name?: string;
    readonly codec_tag_string?: string;
    readonly width?: number;
    readonly height?: number;
    readonly time_base?: string;
    readonly avg_frame_rate?: string;
    readonly r_frame_rate?: string;
    readonly side_data_list?: readonly { readonly rotation?: number }[];
  }[];
  readonly format?: { readonly start_time?: string };
}

/** Decoders that strangers' files may reach; FFmpeg has hundreds, most of them old and seldom looked at. */
const CODECS = new Set(
  'h264 hevc av1 vp8 vp9 mpeg4 mpeg2video mpeg1video msmpeg4v2 msmpeg4v3 h263 mjpeg png prores dnxhd ffv1 huffyuv ffvhuff rawvideo theora dvvideo wmv2 qtrle utvideo'.split(
    ' ',
  ),
);

/** A `VIDEO_CORRUPT` error; `what` completes the sentence "The video cannot be used: …". */
export function videoCorrupt(what: string, details: Readonly<Record<string, unknown>>): AppError {
  return new AppError({
    code: 'VIDEO_CORRUPT',
    kind: 'invalid',
    message: `The video cannot be used: ${what}.`,
    details,
  });
}

/**
 * Reads ffprobe's JSON.
 * @throws AppError `NO_VIDEO_STREAM` when the container holds sound, subtitles or cover pictures only
 */
export function parseStream(json: string): RawStream {
  const answer = JSON.parse(json) as FfprobeAnswer;
  const stream = answer.streams?.[0];
  if (stream === undefined) {
    throw new AppError({
      code: 'NO_VIDEO_STREAM',
      kind: 'invalid',
      message: 'The file holds no video stream.',
    });
  }
  const timeBase = parseFraction(stream.time_base);
  if (timeBase === undefined) throw videoCorrupt('its video stream has no time base', {});
  const rates = [stream.r_frame_rate, stream.avg_frame_rate]
    .map(parseFraction)
    .filter((rate) => rate !== undefined);
  return {
    codec: stream.codec_name,
    tag: stream.codec_tag_string ?? '',
    width: stream.width ?? 0,
    height: stream.height ?? 0,
    timeBase,
    rates,
    rotation: stream.side_data_list?.find(({ rotation }) => rotation !== undefined)?.rotation ?? 0,
    containerStart: Number(answer.format?.start_time ?? 0) || 0,
  };
}

/**
 * The codec's name, if it is one that we decode.
 * @throws AppError `UNSUPPORTED_CODEC`
 */
export function codecOf(stream: RawStream): string {
  if (stream.codec !== undefined && CODECS.has(stream.codec)) return stream.codec;
  // The tag is four bytes of the file: only harmless characters of it are repeated to the user.
  const name = (stream.codec ?? stream.tag).replaceAll(/[^\w.-]/g, '?');
  throw new AppError({
    code: 'UNSUPPORTED_CODEC',
    kind: 'invalid',
    message: `The video codec '${name}' is not supported; supported are ${[...CODECS].join(', ')}.`,
    details: { codec: name },
  });
}

/**
 * Checks the picture size.
 * @throws AppError `VIDEO_TOO_LARGE` (too_large), `VIDEO_CORRUPT` when there is none
 */
export function checkPixels({ width, height }: RawStream, maxPixels: number): void {
  if (!(width >= 1 && height >= 1)) throw videoCorrupt('its picture size is unknown', { width, height });
  if (width * height <= maxPixels) return;
  throw new AppError({
    code: 'VIDEO_TOO_LARGE',
    kind: 'too_large',
    message: `The video has ${width}x${height} pixels; at most ${maxPixels} pixels are allowed.`,
    details: { width, height, maxPixels },
  });
}

/** Degrees clockwise in quarter turns; FFmpeg counts anticlockwise and allows any angle. */
export function rotationOf(stream: RawStream): 0 | 90 | 180 | 270 {
  const quarters = Math.round(-stream.rotation / 90);
  const turns: readonly (0 | 90 | 180 | 270)[] = [0, 90, 180, 270];
  return turns[((quarters % 4) + 4) % 4];
}

function parseFraction(text: string | undefined): FrameRate | undefined {
  const [num, den] = (text ?? '').split('/').map(Number);
  return num > 0 && den > 0 ? { num, den } : undefined;
}
