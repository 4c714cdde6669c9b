import { isAbsolute } from 'node:path';
import type { Size } from '../vision/image/image.js';

/** Supported containers; `mov` files count as `mp4` (same family, same demuxer). */
export type VideoContainer = 'mp4' | 'avi' | 'mkv' | 'webm' | 'ts' | 'mpg' | 'gif';

/**
 * Pixel layouts of a frame stream, with unpadded rows: one, three or four bytes per pixel, or the planes of
 * 4:2:0 in limited range.
 */
export type PixelFormat = 'gray' | 'rgb24' | 'rgba' | 'yuv420p';

/** An input file with the options that prevent FFmpeg from opening anything else. */
export interface GuardedInput {
  /** Absolute path; passed as `file:/…`, so that no name is interpreted as an option, a URL or a pattern. */
  readonly path: string;
  /** Detected from the content; the demuxer is set explicitly, never guessed by FFmpeg. */
  readonly container: VideoContainer;
  /** Decoders reject larger images before allocating memory. */
  readonly maxPixels: number;
  /** FFmpeg's name of the video decoder; its default by default. */
  readonly decoder?: string;
}

const DEMUXER: Readonly<Record<VideoContainer, string>> = {
  mp4: 'mov',
  avi: 'avi',
  mkv: 'matroska',
  webm: 'matroska',
  ts: 'mpegts',
  mpg: 'mpeg',
  gif: 'gif',
};
const ALL_VIDEO = 'V';
const FIRST_VIDEO = 'V:0'; // capital V excludes cover images of audio files

/**
 * Options that must precede `-i`. The two whitelists prevent playlists (HLS, ffconcat, DASH, SDP) from
 * opening other files or hosts, whatever the file is named.
 */
export function inputArguments(input: GuardedInput): string[] {
  if (!isAbsolute(input.path)) throw new TypeError(`path: must be absolute, not ${input.path}`);
  return [
    ...['-protocol_whitelist', 'file', '-format_whitelist', 'mov,avi,matroska,webm,mpegts,mpeg,gif'],
    ...['-f', DEMUXER[input.container], '-max_pixels', String(input.maxPixels)],
    ...(input.decoder === undefined ? [] : ['-c:v', input.decoder]),
  ];
}

/** `ffmpeg -version` and `ffprobe -version`. */
export function versionArguments(): string[] {
  return ['-hide_banner', '-version'];
}

/** ffprobe: JSON with the video streams and the start time of the container. */
export function streamProbeArguments(input: GuardedInput): string[] {
  const fields =
    'stream=codec_name,codec_tag_string,width,height,sample_aspect_ratio,pix_fmt,time_base,avg_frame_rate,r_frame_rate:stream_tags=alpha_mode:stream_side_data=rotation:format=start_time';
  return [
    ...['-v', 'error', ...inputArguments(input), '-select_streams', ALL_VIDEO],
    ...['-show_entries', fields, '-of', 'json', `file:${input.path}`],
  ];
}

/**
 * ffprobe: one line `pts=…|dts=…|size=…|flags=…` per packet of the first video stream, by demuxing only. The number
 * of packets bounds the number of frames, while the frame count in the header is unreliable (an AVI can
 * declare 1 for 300).
 */
export function packetListArguments(input: GuardedInput): string[] {
  return [
    ...['-v', 'error', ...inputArguments(input), '-select_streams', FIRST_VIDEO],
    ...['-show_entries', 'packet=pts,dts,size,flags', '-of', 'compact=p=0', `file:${input.path}`],
  ];
}

/** Input of {@link frameStreamArguments}. */
export interface FrameStreamRequest {
  readonly input: GuardedInput;
  /**
   * Seconds from the container's start; decoding begins at the preceding key frame, output at the first frame
   * at or after this time.
   */
  readonly seekSeconds?: number;
  /** Frames earlier than this many seconds after the seek point (or the container's start) are dropped. */
  readonly skipSeconds?: number;
  /** Expression of FFmpeg's `select` filter over the remaining frames, counted from 0; all by default. */
  readonly select?: string;
  /** FFmpeg exits after writing this many frames. */
  readonly count: number;
  readonly size: Size;
  readonly format: PixelFormat;
  readonly colours?: ColourConversion;
}

/** Conversion of colours to SDR; by default colours are unchanged. */
export interface ColourConversion {
  /**
   * Whether to convert RGB to BT.709, which players assume for most sizes, instead of FFmpeg's default
   * BT.601.
   */
  readonly toBt709?: boolean;
  /** Absolute path of a lookup table (`.cube`) for HDR frames; the result is BT.709. */
  readonly toneMapFile?: string;
}

/** A path as the value of a filter option, escaped for the option and then for the filter graph. */
function filterPath(path: string): string {
  return path.replaceAll(/[\\':]/g, '\\$&').replaceAll(/[\\'[\],;]/g, '\\$&');
}

/** Filters that scale frames and convert them to the requested pixel format. */
export function conversionFilters({
  size,
  format,
  colours = {},
}: Pick<FrameStreamRequest, 'size' | 'format' | 'colours'>): string[] {
  const { toBt709, toneMapFile } = colours;
  const scale = `scale=${size.width}:${size.height}:flags=area`;
  // 4:2:0 of the same size passes unchanged, except that full range is converted, because players do not
  // expect it.
  const range = format === 'yuv420p' ? '+accurate_rnd:out_range=tv' : '';
  // FFmpeg scales RGB by way of YCbCr. With a matrix for the way back alone, frames that stay RGB would change their hue.
  const bt709 = format === 'rgb24' || format === 'rgba' ? '' : ':out_color_matrix=bt709';
  if (toneMapFile === undefined) return [`${scale}${range}${toBt709 ? bt709 : ''}`, `format=${format}`];
  const table = `lut3d=file=${filterPath(toneMapFile)}:interp=tetrahedral`;
  return [
    `${scale}+accurate_rnd`,
    'format=gbrp12',
    table,
    `scale=flags=area${range}${bt709}`,
    `format=${format}`,
  ];
}

/**
 * By default FFmpeg treats time steps of more than 30 hours, or of 10 s in transport streams, as damage and
 * replaces the times. Times found when the video was probed would then select other frames, or none.
 */
const TIMES_AS_STORED = ['-dts_delta_threshold', '1e12', '-dts_error_threshold', '1e12'];

/**
 * ffmpeg: raw frames of exactly `size` on stdout, with one decoder thread, each frame at most once and none
 * duplicated.
 */
export function frameStreamArguments(request: FrameStreamRequest): string[] {
  const { input, seekSeconds, skipSeconds, select, count } = request;
  const filters = [
    ...(skipSeconds === undefined ? [] : [`select='gte(t,${skipSeconds.toFixed(6)})'`]),
    ...(select === undefined ? [] : [`select='${select}'`]),
    // Area averaging: downscales without aliasing, which would create false corners.
    ...conversionFilters(request),
  ];
  return [
    ...['-hide_banner', '-nostdin', '-v', 'error', '-threads', '1', '-filter_threads', '1'],
    ...TIMES_AS_STORED,
    ...inputArguments(input),
    ...(seekSeconds === undefined ? [] : ['-ss', seekSeconds.toFixed(6)]),
    ...['-i', `file:${input.path}`, '-map', `0:${FIRST_VIDEO}`, '-an', '-sn', '-dn'],
    ...['-vf', filters.join(','), '-fps_mode', 'passthrough', '-frames:v', String(count)],
    ...['-f', 'rawvideo', '-threads', '1', 'pipe:1'],
  ];
}

/**
 * ffmpeg: raw RGB frames from stdin into a small, widely playable MP4 (H.264, 4:2:0, index at the start).
 * Uses one thread, because other jobs run at the same time.
 * @param size both sides must be even
 */
export function videoWriteArguments({
  size,
  fps,
  path,
}: {
  readonly size: Size;
  readonly fps: number;
  readonly path: string;
}): string[] {
  return [
    ...['-hide_banner', '-v', 'error', '-threads', '1', '-filter_threads', '1'],
    ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${size.width}x${size.height}`],
    ...['-r', String(fps), '-i', 'pipe:0'],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '25', '-pix_fmt', 'yuv420p'],
    ...['-threads', '1', '-movflags', '+faststart', '-y', '-f', 'mp4', `file:${path}`],
  ];
}

/** Containers in which recordings are joined by concatenating files, each with its own clock. */
export const isJoinable = ({ container }: Pick<GuardedInput, 'container'>): boolean =>
  container === 'ts' || container === 'mpg';

/** What is added to the time of a frame for each step back before it; larger than twice their clock of 33 bits. */
const STEP_BACK = 2 ** 36;
/** Times must not go back on the way to the muxer, which would replace them. */
const COUNT_STEPS_BACK = `setpts='st(0,ld(0)+lt(PTS,PREV_INPTS));PTS+ld(0)*${STEP_BACK}'`;

/** The time of a frame, from that in the output of {@link frameIndexArguments}. */
export const indexedTick = (input: GuardedInput, tick: number): number =>
  isJoinable(input) ? tick - STEP_BACK * Math.round(tick / STEP_BACK) : tick;

/**
 * ffmpeg: decodes the first `count` frames and prints one line of the framecrc format each: time in units of
 * the stream's time base (see {@link indexedTick}), and the size of two rows in bytes, which reveals a change of width
 * or pixel format. Rows are cropped and the deblocking filter is skipped because the pixels are not used.
 */
export function frameIndexArguments(input: GuardedInput, count: number): string[] {
  const filters = ['crop=iw:2:0:0:exact=1', ...(isJoinable(input) ? [COUNT_STEPS_BACK] : [])];
  return [
    ...['-hide_banner', '-nostdin', '-v', 'error', '-threads', '1', '-filter_threads', '1'],
    ...[...inputArguments(input), '-skip_loop_filter', 'all', '-noautorotate', '-i', `file:${input.path}`],
    ...['-map', `0:${FIRST_VIDEO}`, '-an', '-sn', '-dn', '-vf', filters.join(','), '-autoscale', '0'],
    ...['-copyts', '-fps_mode', 'passthrough', '-enc_time_base', '-1'],
    ...['-frames:v', String(count), '-f', 'framecrc', '-threads', '1', 'pipe:1'],
  ];
}
