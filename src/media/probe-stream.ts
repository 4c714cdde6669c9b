import { AppError } from '../errors/app-error.js';
import type { FrameRate } from './frame-plan.js';

/** The first video stream as reported by ffprobe. All values are untrusted. */
export interface RawStream {
  readonly codec: string | undefined;
  /** Four-character code in the container. */
  readonly tag: string;
  readonly width: number;
  readonly height: number;
  readonly timeBase: FrameRate;
  /** Candidates for the frame rate, most reliable first; never zero. */
  readonly rates: readonly FrameRate[];
  readonly rotation: number;
  /** Width of a pixel divided by its height, before rotation. */
  readonly pixelAspect: FrameRate;
  /** First timestamp of the container over all streams, in seconds. */
  readonly containerStart: number;
  /** Whether its frames have alpha, in the pixel format or, for VP8 and VP9, in a separate stream. */
  readonly hasAlpha: boolean;
  /** Number of video streams in the file; the first one is used. */
  readonly videoStreams: number;
}

interface FfprobeAnswer {
  readonly streams?: readonly {
    readonly codec_name?: string;
    readonly codec_tag_string?: string;
    readonly width?: number;
    readonly height?: number;
    readonly time_base?: string;
    readonly sample_aspect_ratio?: string;
    readonly pix_fmt?: string;
    readonly tags?: Readonly<Record<string, string>>;
    readonly avg_frame_rate?: string;
    readonly r_frame_rate?: string;
    readonly side_data_list?: readonly { readonly rotation?: number }[];
  }[];
  readonly format?: { readonly start_time?: string };
}

/** Decoders that untrusted files may use. FFmpeg has hundreds, most of them old and rarely audited. */
const CODECS = new Set(
  'h264 hevc av1 vp8 vp9 mpeg4 mpeg2video mpeg1video msmpeg4v2 msmpeg4v3 h263 flv1 mjpeg png gif prores dnxhd cfhd ffv1 huffyuv ffvhuff rawvideo v210 theora dvvideo wmv1 wmv2 wmv3 vc1 qtrle utvideo'.split(
    ' ',
  ),
);

/** A `VIDEO_CORRUPT` error; `what` completes the sentence "The video cannot be used: …". */
export function videoCorrupt(what: string, details: Readonly<Record<string, unknown>>): AppError {
  return new AppError('VIDEO_CORRUPT', { message: `The video cannot be used: ${what}.`, details });
}

/**
 * Parses ffprobe's JSON.
 * @throws AppError `NO_VIDEO_STREAM` when the container has only audio, subtitles or cover images
 */
export function parseStream(json: string): RawStream {
  const answer = JSON.parse(json) as FfprobeAnswer;
  const stream = answer.streams?.[0];
  if (stream === undefined) {
    throw new AppError('NO_VIDEO_STREAM', { message: 'The file contains no video stream.' });
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
    pixelAspect: parsePixelAspect(stream.sample_aspect_ratio),
    containerStart: Number(answer.format?.start_time ?? 0) || 0,
    hasAlpha: isAlphaFormat(stream.pix_fmt) || hasAlphaTag(stream.tags),
    videoStreams: answer.streams?.length ?? 1,
  };
}

/** Whether a pixel format of FFmpeg has alpha. */
const isAlphaFormat = (format: string | null | undefined): boolean =>
  /^(yuva|ya|rgba|bgra|argb|abgr|gbrap)/.test(format ?? '');

/**
 * Matroska and WebM mark VP8 and VP9 streams that have a second image for alpha; FFmpeg's native decoders
 * ignore it.
 */
const hasAlphaTag = (tags: Readonly<Record<string, string>> = {}): boolean =>
  Object.entries(tags).some(([name, value]) => name.toLowerCase() === 'alpha_mode' && value === '1');

/**
 * The codec's name, if it is supported.
 * @throws AppError `UNSUPPORTED_CODEC`
 */
export function codecOf(stream: RawStream): string {
  if (stream.codec !== undefined && CODECS.has(stream.codec)) return stream.codec;
  // The tag consists of four bytes of the file: only harmless characters are repeated in the message.
  const name = (stream.codec ?? stream.tag).replaceAll(/[^\w.-]/g, '?');
  throw new AppError('UNSUPPORTED_CODEC', {
    message: `The video codec '${name}' is not supported; supported are ${[...CODECS].join(', ')}.`,
    details: { codec: name },
  });
}

/** Clockwise rotation in quarter turns. FFmpeg reports anticlockwise degrees and allows any angle. */
export function rotationOf(stream: RawStream): 0 | 90 | 180 | 270 {
  const quarters = Math.round(-stream.rotation / 90);
  const turns: readonly (0 | 90 | 180 | 270)[] = [0, 90, 180, 270];
  return turns[((quarters % 4) + 4) % 4];
}

const SQUARE: FrameRate = { num: 1, den: 1 };
/** Larger aspect ratios are errors in the file; the largest real one (2.35:1 in 4:3) is below 2. */
const MAX_STRETCH = 8;

function parsePixelAspect(text: string | undefined): FrameRate {
  const aspect = parseFraction(text?.replace(':', '/'));
  if (aspect === undefined) return SQUARE;
  const ratio = aspect.num / aspect.den;
  return ratio > MAX_STRETCH || ratio < 1 / MAX_STRETCH ? SQUARE : aspect;
}

function parseFraction(text: string | undefined): FrameRate | undefined {
  const [num, den] = (text ?? '').split('/').map(Number);
  return num > 0 && den > 0 ? { num, den } : undefined;
}
