import { once } from 'node:events';
import { z } from 'zod';
import { AppError } from '../errors/app-error.js';
import { DECODE_LIMITS, PROBE_LIMITS } from './confinement.js';
import { inputArguments, type GuardedInput } from './ffmpeg-arguments.js';
import type { FfmpegTools } from './ffmpeg-locate.js';
import { failureDetails, FfmpegChild, runFfmpeg, throwIfStopped } from './ffmpeg-runner.js';

/** Containers that results are written in. */
export type ResultContainer = 'mp4' | 'avi';

/** How a source's colours are coded and which sound it has; what a copy of it must keep. */
export interface SourceStreams {
  /** FFmpeg's name of the matrix, such as `bt709`; null where the file does not say. */
  readonly colourMatrix: string | null;
  readonly primaries: string | null;
  readonly transfer: string | null;
  /** Codec of the first sound stream; null without sound. */
  readonly audioCodec: string | null;
  /** FFmpeg's name of the pixel format. */
  readonly pixelFormat: string | null;
  /** Which field of interlaced frames is shown first; null for progressive frames. */
  readonly firstField: 'top' | 'bottom' | null;
}

/** Whether the frames of a stream are stored as red, green and blue. */
export const isRgb = ({ pixelFormat, colourMatrix }: SourceStreams): boolean =>
  colourMatrix === 'gbr' || /^(0?rgb|0?bgr|gbr|argb|abgr|pal8)/.test(pixelFormat ?? '');

/** Whether the frames of a stream have transparency. */
export const hasAlpha = ({ pixelFormat }: SourceStreams): boolean =>
  /^(yuva|ya|rgba|bgra|argb|abgr|gbrap)/.test(pixelFormat ?? '');

/** What {@link VideoEncoder} writes. */
export interface EncoderOptions {
  readonly tools: FfmpegTools;
  /** File to write. */
  readonly target: string;
  readonly container: ResultContainer;
  readonly size: { readonly width: number; readonly height: number };
  readonly fps: { readonly num: number; readonly den: number };
  /** Where sound comes from. */
  readonly source: GuardedInput;
  readonly streams: SourceStreams;
  /** Width of a pixel divided by its height. */
  readonly pixelAspect: { readonly num: number; readonly den: number };
  /** Seconds from the source's start to its first frame. */
  readonly startSeconds: number;
  /**
   * Absolute path of a filter script that sets the time of every frame (see `frameTimesScript`), for a rate that varies; AVI
   * cannot have one.
   */
  readonly timesScript?: string;
  readonly signal?: AbortSignal;
}

const probed = z.object({
  streams: z.array(
    z.object({
      codec_type: z.string().optional(),
      codec_name: z.string().optional(),
      color_space: z.string().optional(),
      color_primaries: z.string().optional(),
      color_transfer: z.string().optional(),
      pix_fmt: z.string().optional(),
      field_order: z.string().optional(),
      disposition: z.object({ attached_pic: z.number().optional() }).optional(),
    }),
  ),
});

/** Reads how a source's colours are coded and which sound it has. */
export async function probeStreams(
  input: GuardedInput,
  { tools, signal }: { readonly tools: FfmpegTools; readonly signal?: AbortSignal },
): Promise<SourceStreams> {
  const entries =
    'stream=codec_type,codec_name,color_space,color_primaries,color_transfer,pix_fmt,field_order:stream_disposition=attached_pic';
  const { stdout } = await runFfmpeg({
    command: tools.ffprobePath,
    args: [
      '-v',
      'error',
      ...inputArguments(input),
      '-show_entries',
      entries,
      '-of',
      'json',
      `file:${input.path}`,
    ],
    limits: PROBE_LIMITS,
    confinement: tools.confinement,
    wallClockMs: 60_000,
    signal,
  });
  const { streams } = probed.parse(JSON.parse(stdout.toString('utf8')));
  const video = streams.find(
    ({ codec_type: type, disposition }) => type === 'video' && disposition?.attached_pic !== 1,
  );
  const audio = streams.find(({ codec_type: type }) => type === 'audio');
  // Names go back to FFmpeg as options, so only those that are words are believed.
  const known = (name: string | undefined) =>
    name !== undefined && name !== 'unknown' && /^[a-z0-9_-]+$/.test(name) ? name : null;
  return {
    colourMatrix: known(video?.color_space),
    primaries: known(video?.color_primaries),
    transfer: known(video?.color_transfer),
    audioCodec: known(audio?.codec_name),
    pixelFormat: known(video?.pix_fmt),
    firstField: firstFieldOf(video?.field_order),
  };
}

/** FFmpeg tells the order of the fields as they are stored, then as they are shown. */
function firstFieldOf(order: string | undefined): SourceStreams['firstField'] {
  if (order === 'tt' || order === 'bt') return 'top';
  return order === 'bb' || order === 'tb' ? 'bottom' : null;
}

/** Sound that players know inside each container is kept as it is. */
const KEPT_AUDIO: Readonly<Record<ResultContainer, readonly string[]>> = {
  mp4: ['aac', 'mp3', 'ac3'],
  avi: ['mp3', 'pcm_s16le', 'ac3'],
};

function audioArguments({ container, streams }: EncoderOptions): string[] {
  if (streams.audioCodec === null) return [];
  const encoder = container === 'mp4' ? ['aac', '-b:a', '192k'] : ['pcm_s16le'];
  const kept = KEPT_AUDIO[container].includes(streams.audioCodec);
  return ['-map', '1:a:0', '-c:a', ...(kept ? ['copy'] : encoder)];
}

function colourArguments({ colourMatrix, primaries, transfer }: SourceStreams): string[] {
  return [
    ...(colourMatrix === null || colourMatrix === 'gbr' ? [] : ['-colorspace', colourMatrix]),
    ...(primaries === null ? [] : ['-color_primaries', primaries]),
    ...(transfer === null ? [] : ['-color_trc', transfer]),
  ];
}

/** Units of a second in which frames of a varying rate are timed. */
const TIME_UNITS = 90_000;
/** 4:2:0 with two fields shares colours among four rows. */
const INTERLACED_ROWS = 4;

/** Filters of the encoder: even sides, pixel aspect, field order, and times where the rate varies. */
export function encoderFilters(options: Omit<EncoderOptions, 'tools' | 'target' | 'source'>): string {
  const { size, pixelAspect } = options;
  const odd = size.width % 2 === 1 || size.height % 2 === 1;
  // 4:2:0 needs even sides: an odd one gets one more line, a copy of the last.
  const even = `pad=ceil(iw/2)*2:ceil(ih/2)*2,fillborders=right=${size.width % 2}:bottom=${size.height % 2}:mode=smear`;
  const field = interlacedField(options);
  return [
    ...(odd ? [even] : []),
    `setsar=${pixelAspect.num}/${pixelAspect.den}`,
    ...(field === null ? [] : [`setfield=${field === 'top' ? 'tff' : 'bff'}`]),
  ].join(',');
}

function interlacedField({ streams, size }: Pick<EncoderOptions, 'streams' | 'size'>) {
  return size.height % INTERLACED_ROWS === 0 ? streams.firstField : null;
}

/**
 * A filter script in which frame n gets the n-th of the given times: a tree of comparisons, so that each frame takes as many
 * steps as the logarithm of their number.
 */
export function frameTimesScript(seconds: ArrayLike<number>, filters: string): string {
  const tree = (from: number, end: number): string => {
    if (end - from === 1) return String(Math.round(seconds[from] * TIME_UNITS));
    const middle = (from + end) >> 1;
    return `if(lt(N,${middle}),${tree(from, middle)},${tree(middle, end)})`;
  };
  return `${filters},settb=1/${TIME_UNITS},setpts='${tree(0, seconds.length)}'`;
}

function codecArguments(options: EncoderOptions): string[] {
  const interlaced = interlacedField(options) === null ? [] : ['-flags', '+ildct+ilme'];
  return options.container === 'mp4'
    ? ['libx264', '-preset', 'veryfast', '-crf', '16', '-movflags', '+faststart', ...interlaced]
    : ['mpeg4', '-q:v', '2', '-vtag', 'xvid', ...interlaced];
}

/** ffmpeg: raw 4:2:0 frames on stdin to H.264 that browsers play (or MPEG-4 in AVI), with the source's sound. */
export function encoderArguments(options: EncoderOptions): string[] {
  const { size, fps, source, streams, target, startSeconds, timesScript } = options;
  const filters =
    timesScript === undefined
      ? ['-vf', encoderFilters(options)]
      : ['-filter_script:v', timesScript, '-fps_mode', 'passthrough', '-enc_time_base', `1:${TIME_UNITS}`];
  const timescale = timesScript === undefined ? [] : ['-video_track_timescale', String(TIME_UNITS)];
  return [
    ...['-hide_banner', '-nostdin', '-v', 'error', '-y', '-filter_threads', '1'],
    ...(startSeconds > 0 ? ['-itsoffset', startSeconds.toFixed(6)] : []),
    ...['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${size.width}x${size.height}`],
    ...['-r', `${fps.num}/${fps.den}`, '-i', 'pipe:0'],
    ...(streams.audioCodec === null ? [] : [...inputArguments(source), '-i', `file:${source.path}`]),
    ...['-map', '0:v', ...audioArguments(options), ...filters],
    ...['-c:v', ...codecArguments(options), '-pix_fmt', 'yuv420p', '-color_range', 'tv'],
    ...[...colourArguments(streams), ...timescale],
    ...['-threads', '1', '-map_metadata', '-1', `file:${target}`],
  ];
}

/** Writes a video frame by frame; memory holds what FFmpeg has not taken yet, one frame at most. */
export class VideoEncoder {
  readonly #child: FfmpegChild;
  readonly #options: EncoderOptions;

  constructor(options: EncoderOptions) {
    this.#options = options;
    const { tools, signal } = options;
    this.#child = new FfmpegChild({
      command: tools.ffmpegPath,
      args: encoderArguments(options),
      // Unlike decoders this one has a file to write.
      limits: { ...DECODE_LIMITS, addressSpaceBytes: 4_000_000_000, fileSizeBytes: 200_000_000_000 },
      confinement: tools.confinement,
      signal,
      takesInput: true,
    });
    this.#child.stdout.resume();
  }

  /** Adds a frame of the announced size as the planes of 4:2:0, studio range. @throws AppError VIDEO_NOT_WRITTEN. */
  async write(frame: Uint8Array): Promise<void> {
    this.#options.signal?.throwIfAborted();
    const { stdin } = this.#child;
    if (!stdin || stdin.destroyed) throw await this.#failure();
    if (stdin.write(frame)) return;
    await Promise.race([once(stdin, 'drain'), this.#child.ended]);
    if (stdin.destroyed) throw await this.#failure();
  }

  /** Ends the file; it is complete when the promise resolves. @throws AppError VIDEO_NOT_WRITTEN. */
  async finish(): Promise<void> {
    this.#child.stdin?.end();
    const end = await this.#child.ended;
    throwIfStopped(end, { signal: this.#options.signal });
    if (end.exitCode !== 0) throw await this.#failure();
  }

  /** Ends FFmpeg at once; harmless after {@link finish}. */
  async stop(): Promise<void> {
    this.#child.stdin?.destroy();
    await this.#child.stop();
  }

  async #failure(): Promise<unknown> {
    const end = await this.#child.ended;
    throwIfStopped(end, { signal: this.#options.signal });
    return new AppError({
      code: 'VIDEO_NOT_WRITTEN',
      kind: 'internal',
      message: 'The result video could not be written.',
      details: failureDetails(end),
    });
  }
}
