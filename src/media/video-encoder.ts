import { once } from 'node:events';
import { AppError } from '../errors/app-error.js';
import { diskFullInJob } from '../errors/disk-full.js';
import { DECODE_LIMITS } from '../supervision/confinement.js';
import { inputArguments, type GuardedInput } from './ffmpeg-arguments.js';
import type { FfmpegTools } from './ffmpeg-locate.js';
import { failureDetails, FfmpegChild, throwIfStopped } from './ffmpeg-runner.js';
import type { SourceStreams } from './source-streams.js';

/** Containers of result videos. */
export type ResultContainer = 'mp4' | 'avi';

/** Options of {@link VideoEncoder}. */
export interface EncoderOptions {
  readonly tools: FfmpegTools;
  /** Path of the file to write. */
  readonly target: string;
  readonly container: ResultContainer;
  readonly size: { readonly width: number; readonly height: number };
  readonly fps: { readonly num: number; readonly den: number };
  /** Source of the audio. */
  readonly source: GuardedInput;
  readonly streams: SourceStreams;
  /** Width of a pixel divided by its height. */
  readonly pixelAspect: { readonly num: number; readonly den: number };
  /** Seconds from the source's start to its first frame. */
  readonly startSeconds: number;
  /** Whether the clock of the source jumps ahead or back; its audio is then made continuous, like its frames. */
  readonly joined: boolean;
  /**
   * Absolute path of a filter script that sets the time of every frame (see `frameTimesScript`), for a
   * variable frame rate. In an AVI the frames are resampled to the constant rate `fps`.
   */
  readonly timesScript?: string;
  readonly signal?: AbortSignal;
}

/** Audio codecs that players support inside each container; such audio is copied without re-encoding. */
const KEPT_AUDIO: Readonly<Record<ResultContainer, readonly string[]>> = {
  mp4: ['aac', 'mp3', 'ac3'],
  avi: ['mp3', 'pcm_s16le', 'ac3'],
};

/**
 * AVI has no start time for audio, so a late start is filled with silence, unless the delay is below this
 * many seconds.
 */
const INAUDIBLE_DELAY = 0.02;
const SILENCE_FIRST = 'aresample=async=1:first_pts=0';

/** Audio that is more than 10 s ahead, or goes back, has a new clock, like frames: see `frameTimeline`. */
const CONTINUOUS =
  "asetpts='st(0,ld(0)+if(gt(PTS-PREV_INPTS,10/TB)+lt(PTS-PREV_INPTS,-0.1/TB),PREV_INPTS+ld(1)-PTS,0));" +
  "st(1,NB_SAMPLES/SR/TB);PTS+ld(0)'";

function audioFilters(joined: boolean, delayed: boolean, output: number): string[] {
  const filters = [...(joined ? [CONTINUOUS] : []), ...(delayed ? [SILENCE_FIRST] : [])];
  return filters.length === 0 ? [] : [`-filter:a:${output}`, filters.join(',')];
}

function audioArguments({ container, streams, joined }: EncoderOptions): string[] {
  const encoder = container === 'mp4' ? ['aac', '-b:a', '192k'] : ['pcm_s16le'];
  return streams.audio.flatMap(({ index, codec, startSeconds }, output) => {
    const delayed = container === 'avi' && startSeconds - streams.startSeconds > INAUDIBLE_DELAY;
    const kept = KEPT_AUDIO[container].includes(codec) && !delayed && !joined;
    const [name, ...options] = kept ? ['copy'] : encoder;
    return [
      ...['-map', `1:${index}`, `-c:a:${output}`, name, ...options],
      ...audioFilters(joined, delayed, output),
    ];
  });
}

/** FFmpeg's options that tag a written video with the colour coding of its source. */
export function colourArguments({ colourMatrix, primaries, transfer }: SourceStreams): string[] {
  return [
    ...(colourMatrix === null || colourMatrix === 'gbr' ? [] : ['-colorspace', colourMatrix]),
    ...(primaries === null ? [] : ['-color_primaries', primaries]),
    ...(transfer === null ? [] : ['-color_trc', transfer]),
  ];
}

/** Time base of frames with a variable rate, in ticks per second. */
const TIME_UNITS = 90_000;
/** Interlaced 4:2:0 shares chroma among four rows. */
const INTERLACED_ROWS = 4;

/** Filters of the encoder: even sides, pixel aspect, field order, and frame times for a variable rate. */
export function encoderFilters(options: Omit<EncoderOptions, 'tools' | 'target' | 'source'>): string {
  const { size, pixelAspect } = options;
  const odd = size.width % 2 === 1 || size.height % 2 === 1;
  // 4:2:0 needs even sides: an odd side is extended by a copy of the last line.
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
 * A filter script that gives frame n the n-th of the given times. It is a binary tree of comparisons, so that
 * each frame takes a logarithmic number of steps.
 */
export function frameTimesScript(seconds: ArrayLike<number>, filters: string): string {
  const tree = (from: number, end: number): string => {
    if (end - from === 1) return String(Math.round(seconds[from] * TIME_UNITS));
    const middle = (from + end) >> 1;
    return `if(lt(N,${middle}),${tree(from, middle)},${tree(middle, end)})`;
  };
  return `${filters},settb=1/${TIME_UNITS},setpts='${tree(0, seconds.length)}'`;
}

/** Minimum and maximum rate of a video without frame times, in frames per second. */
const STEADY_RATES = [1, 120] as const;

/** A constant rate at which most frames of a video are shown once: that of the median gap between frames. */
export function steadyRate(seconds: ArrayLike<number>): EncoderOptions['fps'] {
  const gaps = Float64Array.from(
    { length: Math.max(0, seconds.length - 1) },
    (_, index) => seconds[index + 1] - seconds[index],
  ).sort();
  const median = gaps.length === 0 ? 1 : gaps[gaps.length >> 1];
  const rate = Math.min(STEADY_RATES[1], Math.max(STEADY_RATES[0], 1 / Math.max(median, 1e-6)));
  return { num: Math.round(1000 * rate), den: 1000 };
}

function codecArguments(options: EncoderOptions): string[] {
  const interlaced = interlacedField(options) === null ? [] : ['-flags', '+ildct+ilme'];
  return options.container === 'mp4'
    ? ['libx264', '-preset', 'veryfast', '-crf', '16', '-movflags', '+faststart', ...interlaced]
    : ['mpeg4', '-q:v', '2', '-vtag', 'xvid', ...interlaced];
}

/** Filters, and the options that preserve frame times. */
function timingArguments(options: EncoderOptions): string[] {
  const { container, fps, startSeconds, timesScript } = options;
  const filters =
    timesScript === undefined ? ['-vf', encoderFilters(options)] : ['-filter_script:v', timesScript];
  if (container === 'avi') {
    // AVI has no frame times, so `fps` repeats the first frame while only audio would be playing.
    const steady = `fps=${fps.num}/${fps.den}:start_time=0`;
    if (timesScript === undefined && startSeconds > 0) return ['-vf', `${encoderFilters(options)},${steady}`];
    return timesScript === undefined
      ? filters
      : [...filters, '-fps_mode', 'cfr', '-r', `${fps.num}/${fps.den}`];
  }
  if (timesScript === undefined) return filters;
  const units = String(TIME_UNITS);
  return [
    ...filters,
    '-fps_mode',
    'passthrough',
    '-enc_time_base',
    `1:${units}`,
    '-video_track_timescale',
    units,
  ];
}

/**
 * ffmpeg: raw 4:2:0 frames from stdin to H.264 that browsers can play (or MPEG-4 in AVI), with the source's
 * audio. All times are set explicitly (`-copyts`), because by default FFmpeg shifts each input to 0 by rules
 * that depend on the container, and `-r` before an input discards its offset.
 */
function encoderArguments(options: EncoderOptions): string[] {
  const { size, fps, source, streams, target, startSeconds } = options;
  return [
    ...['-hide_banner', '-nostdin', '-v', 'error', '-y', '-filter_threads', '1'],
    ...['-copyts', '-itsoffset', startSeconds.toFixed(6)],
    ...['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${size.width}x${size.height}`],
    ...['-framerate', `${fps.num}/${fps.den}`, '-i', 'pipe:0'],
    ...(streams.audio.length === 0 ? [] : soundInput(source, streams)),
    ...['-map', '0:v', ...audioArguments(options), ...timingArguments(options)],
    ...['-c:v', ...codecArguments(options), '-pix_fmt', 'yuv420p', '-color_range', 'tv'],
    ...colourArguments(streams),
    ...['-threads', '1', '-map_metadata', '-1', `file:${target}`],
  ];
}

/**
 * An offset equal to the start of a transport stream makes FFmpeg shift the used streams to 0, so a
 * microsecond is added.
 */
const NOT_THE_START = 1e-6;

function soundInput(source: GuardedInput, { startSeconds }: SourceStreams): string[] {
  const offset = (NOT_THE_START - startSeconds).toFixed(6);
  return [...inputArguments(source), '-itsoffset', offset, '-i', `file:${source.path}`];
}

/** Writes a video frame by frame with backpressure; at most one frame is buffered. */
export class VideoEncoder {
  readonly #child: FfmpegChild;
  readonly #options: EncoderOptions;

  constructor(options: EncoderOptions) {
    this.#options = options;
    const { tools, signal } = options;
    this.#child = new FfmpegChild({
      command: tools.ffmpegPath,
      args: encoderArguments(options),
      // Unlike decoders, the encoder writes a file.
      limits: { ...DECODE_LIMITS, addressSpaceBytes: 4_000_000_000, fileSizeBytes: 200_000_000_000 },
      confinement: tools.confinement,
      signal,
      takesInput: true,
    });
    this.#child.stdout.resume();
  }

  /** Writes one frame as the planes of 4:2:0 in limited range. @throws AppError VIDEO_NOT_WRITTEN. */
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

  /** Stops FFmpeg immediately; no effect after {@link finish}. */
  async stop(): Promise<void> {
    this.#child.stdin?.destroy();
    await this.#child.stop();
  }

  async #failure(): Promise<unknown> {
    const end = await this.#child.ended;
    throwIfStopped(end, { signal: this.#options.signal });
    if (/No space left on device|Disk quota exceeded/.test(end.stderr)) return diskFullInJob();
    return new AppError('VIDEO_NOT_WRITTEN', {
      message: 'The result video could not be written.',
      details: failureDetails(end),
    });
  }
}
