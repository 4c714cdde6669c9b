import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { WHOLE_VARIANT, type ProxyEncoder } from '../../domain/preview.js';
import { AppError } from '../../errors/app-error.js';
import { DECODE_LIMITS, type ConfinementLimits } from '../../supervision/confinement.js';
import type { Size } from '../../vision/image/image.js';
import { conversionFilters, inputArguments } from '../ffmpeg-arguments.js';
import { failureDetails, runFfmpeg } from '../ffmpeg-runner.js';
import { colourArguments } from '../video-encoder.js';
import type { FfmpegTools } from '../ffmpeg-locate.js';
import type { MadePreview } from './made-preview.js';
import { sizeInside, type OpenedVideo } from './preview-source.js';

/** 1080p in either orientation: sides of at most 1920 and 1080 pixels. */
const LONG_SIDE = 1920;
const SHORT_SIDE = 1080;
/** Time base of frames in ticks per second, fine enough for every frame rate. */
const TIME_UNITS = 90_000;
/** Maximum size of the file in bytes. */
const MAX_BYTES = 64 * 2 ** 30;
/** Sound tracks that are kept; players show no more. */
const MAX_SOUND_TRACKS = 4;
/** Seconds of sound before the first frame that are kept; more would shift the copy against the times of frames. */
const MAX_LEAD = 0.1;
/** Seconds before the first frame at which a copy begins whose sound would begin earlier. */
const MARGIN = 0.001;
const BT709 = { colourMatrix: 'bt709', primaries: 'bt709', transfer: 'bt709' };
/** The encoder of the graphics card maps far more address space than it uses. */
const LIMITS: Readonly<Record<ProxyEncoder, ConfinementLimits>> = {
  h264: { ...DECODE_LIMITS, addressSpaceBytes: 4_000_000_000, fileSizeBytes: MAX_BYTES },
  hevc_nvenc: { ...DECODE_LIMITS, addressSpaceBytes: undefined, openFiles: 256, fileSizeBytes: MAX_BYTES },
};

/** Options of {@link makeProxy}. */
export interface ProxyOptions {
  readonly encoder: ProxyEncoder;
  /** Threads of decoder, filters and encoder. */
  readonly threads: number;
  readonly wallClockMs: number;
}

/** Size of the playable copy: within 1080p, aspect kept, never enlarged, both sides even. */
export function proxySize(shown: Size): Size {
  const portrait = shown.height > shown.width;
  const box = portrait ? { width: SHORT_SIDE, height: LONG_SIDE } : { width: LONG_SIDE, height: SHORT_SIDE };
  const { width, height } = sizeInside(shown, box);
  const even = (side: number): number => Math.max(2, side - (side % 2));
  return { width: even(width), height: even(height) };
}

/**
 * Writes a copy of a video that browsers play: MP4 with H.264 in 4:2:0 (or HEVC, where it is asked for and the machine
 * can encode it), upright, square pixels, SDR, progressive, with its sound as AAC and the index at the start.
 * @throws AppError VIDEO_NOT_WRITTEN (internal), MEDIA_TIMEOUT, RESOURCE_LIMIT
 */
export async function makeProxy(
  video: OpenedVideo,
  folder: string,
  options: ProxyOptions,
): Promise<MadePreview> {
  const size = proxySize(video.shown);
  const path = join(folder, 'proxy.mp4');
  const { tools } = video;
  const encoder = await availableEncoder(options.encoder, tools);
  const { end } = await runFfmpeg({
    command: tools.ffmpegPath,
    args: proxyArguments(video, { ...options, encoder, size, path }),
    limits: LIMITS[encoder],
    confinement: tools.confinement,
    wallClockMs: options.wallClockMs,
  });
  const bytes = await stat(path).then(
    (facts) => facts.size,
    () => 0,
  );
  if (end.exitCode !== 0 || bytes === 0)
    throw new AppError('VIDEO_NOT_WRITTEN', {
      message: 'The playable copy of the video could not be written.',
      details: failureDetails(end),
    });
  const codec = encoder === 'h264' ? 'h264' : 'hevc';
  return {
    files: [{ variant: WHOLE_VARIANT, path, type: 'video/mp4', bytes, ...size }],
    facts: { codec, sound: video.streams.audio.length > 0 },
  };
}

/** Arguments of {@link proxyArguments} in addition to the source. */
interface ProxyTarget extends Pick<ProxyOptions, 'encoder' | 'threads'> {
  readonly size: Size;
  readonly path: string;
}

/**
 * ffmpeg: source to playable copy. Frame times are kept, so a variable rate stays one. The copy begins with the first
 * frame, whose time is 0 in results and filmstrips, also where a cut recording begins with sound alone.
 */
function proxyArguments(video: OpenedVideo, { encoder, threads, size, path }: ProxyTarget): string[] {
  const { input, streams, colours, isHdr } = video;
  const many = String(threads);
  const lead = video.probe.startOffsetSeconds;
  const filters = [
    ...(streams.firstField === null ? [] : ['bwdif=mode=send_frame:deint=interlaced']),
    ...conversionFilters({ size, format: 'yuv420p', colours }),
    'setsar=1',
  ];
  const tags = isHdr || colours.toBt709 ? BT709 : streams;
  return [
    ...['-hide_banner', '-nostdin', '-v', 'error', '-y', '-threads', many, '-filter_threads', many],
    ...[...inputArguments(input), '-i', `file:${input.path}`, '-map', '0:V:0'],
    ...streams.audio.slice(0, MAX_SOUND_TRACKS).flatMap(({ index }) => ['-map', `0:${index}`]),
    ...['-sn', '-dn', '-map_metadata', '-1', '-map_chapters', '-1', '-vf', filters.join(',')],
    ...[
      '-fps_mode',
      'vfr',
      '-enc_time_base',
      `1:${TIME_UNITS}`,
      '-video_track_timescale',
      String(TIME_UNITS),
    ],
    ...encoderArguments(encoder),
    ...['-pix_fmt', 'yuv420p', '-color_range', 'tv', ...colourArguments({ ...streams, ...tags })],
    ...['-c:a', 'aac', '-b:a', '128k', '-ac', '2', '-threads', many],
    ...(lead > MAX_LEAD ? ['-ss', (lead - MARGIN).toFixed(6)] : []),
    ...['-movflags', '+faststart', '-f', 'mp4', `file:${path}`],
  ];
}

function encoderArguments(encoder: ProxyEncoder): string[] {
  if (encoder === 'h264') return ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '23'];
  // Players of Apple need this tag.
  return ['-c:v', 'hevc_nvenc', '-preset', 'p4', '-cq', '26', '-tag:v', 'hvc1'];
}

const usable = new Map<string, Promise<boolean>>();

/** The encoder that was asked for, or H.264 where the machine cannot run it. */
async function availableEncoder(asked: ProxyEncoder, tools: FfmpegTools): Promise<ProxyEncoder> {
  if (asked === 'h264') return asked;
  const known = usable.get(tools.ffmpegPath) ?? canEncode(tools);
  usable.set(tools.ffmpegPath, known);
  return (await known) ? asked : 'h264';
}

/** Encodes a few drawn frames: FFmpeg lists the encoder also where there is no graphics card for it. */
async function canEncode({ ffmpegPath, confinement }: FfmpegTools): Promise<boolean> {
  const args = [
    ...['-hide_banner', '-nostdin', '-v', 'error', '-f', 'lavfi', '-i', 'color=black:s=256x256:r=25:d=0.2'],
    ...[...encoderArguments('hevc_nvenc'), '-pix_fmt', 'yuv420p', '-f', 'null', '-'],
  ];
  const spec = { command: ffmpegPath, args, confinement, limits: LIMITS.hevc_nvenc, wallClockMs: 30_000 };
  return runFfmpeg(spec).then(
    ({ end }) => end.exitCode === 0,
    () => false,
  );
}
