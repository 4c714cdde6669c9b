import { isAbsolute } from 'node:path';
import type { Size } from '../vision/image/image.js';

/** Containers we read; `mov` files count as `mp4` (same family, same demuxer). */
export type VideoContainer = 'mp4' | 'avi' | 'mkv' | 'webm' | 'ts' | 'mpg' | 'gif';

/**
 * Pixel layouts a frame stream can have, rows without padding: one, three or four bytes a pixel, or the planes of 4:2:0 in
 * studio range.
 */
export type PixelFormat = 'gray' | 'rgb24' | 'rgba' | 'yuv420p';

/** An input file together with what keeps it from being anything but that one file. */
export interface GuardedInput {
  /** Absolute path; handed over as `file:/…`, so that no name can be read as an option, a URL or a pattern. */
  readonly path: string;
  /** Chosen by content; the demuxer is forced, never guessed by FFmpeg. */
  readonly container: VideoContainer;
  /** Decoders refuse images with more pixels before allocating them. */
  readonly maxPixels: number;
  /** FFmpeg's name of the decoder of videos; its first choice when left out. */
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
const FIRST_VIDEO = 'V:0'; // capital V: a cover image of an audio file is no video stream

/**
 * Options that must stand before `-i`. The two white lists are what stops playlists (HLS, ffconcat, DASH, SDP)
 * from opening other files or hosts, whatever the file is named.
 */
export function inputArguments(input: GuardedInput): string[] {
  if (!isAbsolute(input.path)) throw new TypeError(`media path must be absolute: ${input.path}`);
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

/** ffprobe: JSON with the video streams and the container's start time. */
export function streamProbeArguments(input: GuardedInput): string[] {
  const fields =
    'stream=codec_name,codec_tag_string,width,height,sample_aspect_ratio,pix_fmt,time_base,avg_frame_rate,r_frame_rate:stream_tags=alpha_mode:stream_side_data=rotation:format=start_time';
  return [
    ...['-v', 'error', ...inputArguments(input), '-select_streams', ALL_VIDEO],
    ...['-show_entries', fields, '-of', 'json', `file:${input.path}`],
  ];
}

/**
 * ffprobe: one line `pts=…|size=…|flags=…` for every packet of the first video stream, from demuxing alone.
 * They bound the frames that can come; the header's frame count can be any number (an AVI can say 1 for 300).
 */
export function packetListArguments(input: GuardedInput): string[] {
  return [
    ...['-v', 'error', ...inputArguments(input), '-select_streams', FIRST_VIDEO],
    ...['-show_entries', 'packet=pts,size,flags', '-of', 'compact=p=0', `file:${input.path}`],
  ];
}

/** What {@link frameStreamArguments} needs to know. */
export interface FrameStreamRequest {
  readonly input: GuardedInput;
  /** Seconds from the container's start; decoding begins at a key frame before, output at the first frame after. */
  readonly seekSeconds?: number;
  /** Frames earlier than this many seconds after the seek point (or the container's start) are thrown away. */
  readonly skipSeconds?: number;
  /** Expression of FFmpeg's `select` filter over the frames that are left, counted from 0; all when left out. */
  readonly select?: string;
  /** FFmpeg ends as soon as it has written this many frames. */
  readonly count: number;
  readonly size: Size;
  readonly format: PixelFormat;
  readonly colours?: ColourConversion;
}

/** How colours become those of an SDR video; without it they stay as they are. */
export interface ColourConversion {
  /** RGB becomes BT.709, which players assume for most sizes, instead of FFmpeg's default, BT.601. */
  readonly toBt709?: boolean;
  /** Absolute path of a table (`.cube`) that HDR frames go through; the result is BT.709. */
  readonly toneMapFile?: string;
}

/** A path as a value of a filter's option: escaped for the option, then for the filter graph. */
function filterPath(path: string): string {
  return path.replaceAll(/[\\':]/g, '\\$&').replaceAll(/[\\'[\],;]/g, '\\$&');
}

/** Filters that scale frames and bring them into the wanted pixel format. */
function conversionFilters({ size, format, colours = {} }: FrameStreamRequest): string[] {
  const { toBt709, toneMapFile } = colours;
  const scale = `scale=${size.width}:${size.height}:flags=area`;
  // 4:2:0 of the same size is handed through as it is, but for a full range, which players do not expect in it.
  const range = format === 'yuv420p' ? '+accurate_rnd:out_range=tv' : '';
  const bt709 = ':out_color_matrix=bt709';
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
 * FFmpeg takes steps of more than 30 hours for damage, and of 10 s in transport streams, and makes up times of its own. The
 * times that were found when the video was probed would then lead to other frames, or to none.
 */
const TIMES_AS_STORED = ['-dts_delta_threshold', '1e12', '-dts_error_threshold', '1e12'];

/** ffmpeg: raw frames of exactly `size` on stdout, one decoder thread, each frame at most once and none invented. */
export function frameStreamArguments(request: FrameStreamRequest): string[] {
  const { input, seekSeconds, skipSeconds, select, count } = request;
  const filters = [
    ...(skipSeconds === undefined ? [] : [`select='gte(t,${skipSeconds.toFixed(6)})'`]),
    ...(select === undefined ? [] : [`select='${select}'`]),
    // Area averaging: a smaller image without the aliasing that would make false corners.
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
 * ffmpeg: raw RGB frames from stdin into a small MP4 that any player shows (H.264, 4:2:0, index in front). One thread, as
 * other jobs want theirs.
 * @param size both sides even
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

/**
 * ffmpeg: decodes the first `count` frames and prints a line of the framecrc format for each: time in units of the stream's
 * time base, and the bytes of two rows, which reveal a change of width or pixel format. Rows are cropped and the deblocking
 * filter is skipped since the pixels are not used.
 */
export function frameIndexArguments(input: GuardedInput, count: number): string[] {
  return [
    ...['-hide_banner', '-nostdin', '-v', 'error', '-threads', '1', '-filter_threads', '1'],
    ...[...inputArguments(input), '-skip_loop_filter', 'all', '-noautorotate', '-i', `file:${input.path}`],
    ...['-map', `0:${FIRST_VIDEO}`, '-an', '-sn', '-dn', '-vf', 'crop=iw:2:0:0:exact=1', '-autoscale', '0'],
    ...['-copyts', '-fps_mode', 'passthrough', '-enc_time_base', '-1'],
    ...['-frames:v', String(count), '-f', 'framecrc', '-threads', '1', 'pipe:1'],
  ];
}
