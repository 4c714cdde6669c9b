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
}

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
  /** Seconds from the source's start to its first frame. */
  readonly startSeconds: number;
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
    }),
  ),
});

/** Reads how a source's colours are coded and which sound it has. */
export async function probeStreams(
  input: GuardedInput,
  { tools, signal }: { readonly tools: FfmpegTools; readonly signal?: AbortSignal },
): Promise<SourceStreams> {
  const entries = 'stream=codec_type,codec_name,color_space,color_primaries,color_transfer';
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
  const video = streams.find(({ codec_type: type }) => type === 'video');
  const audio = streams.find(({ codec_type: type }) => type === 'audio');
  // Names go back to FFmpeg as options, so only those that are words are believed.
  const known = (name: string | undefined) =>
    name !== undefined && name !== 'unknown' && /^[a-z0-9-]+$/.test(name) ? name : null;
  return {
    colourMatrix: known(video?.color_space),
    primaries: known(video?.color_primaries),
    transfer: known(video?.color_transfer),
    audioCodec: known(audio?.codec_name),
  };
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

/** ffmpeg: raw 4:2:0 frames on stdin to H.264 that browsers play (or MPEG-4 in AVI), with the source's sound. */
export function encoderArguments(options: EncoderOptions): string[] {
  const { size, fps, source, streams, container, target, startSeconds } = options;
  // 4:2:0 needs even sides: an odd one gets one more line, a copy of the last.
  const even = `pad=ceil(iw/2)*2:ceil(ih/2)*2,fillborders=right=${size.width % 2}:bottom=${size.height % 2}:mode=smear`;
  const pad = size.width % 2 === 0 && size.height % 2 === 0 ? [] : ['-vf', even];
  const codec =
    container === 'mp4'
      ? ['libx264', '-preset', 'veryfast', '-crf', '16', '-movflags', '+faststart']
      : ['mpeg4', '-q:v', '2', '-vtag', 'xvid'];
  return [
    ...['-hide_banner', '-nostdin', '-v', 'error', '-y', '-filter_threads', '1'],
    ...(startSeconds > 0 ? ['-itsoffset', startSeconds.toFixed(6)] : []),
    ...['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${size.width}x${size.height}`],
    ...['-r', `${fps.num}/${fps.den}`, '-i', 'pipe:0'],
    ...(streams.audioCodec === null ? [] : [...inputArguments(source), '-i', `file:${source.path}`]),
    ...['-map', '0:v', ...audioArguments(options)],
    ...[...pad, '-c:v', ...codec, '-pix_fmt', 'yuv420p', '-color_range', 'tv', ...colourArguments(streams)],
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
