import { AppError } from '../errors/app-error.js';
import { DECODE_LIMITS, type ConfinementLimits } from '../supervision/confinement.js';
import { decoderPixelLimit } from './decoder-limits.js';
import {
  type ColourConversion,
  frameStreamArguments,
  type FrameStreamRequest,
  type GuardedInput,
  type PixelFormat,
} from './ffmpeg-arguments.js';
import type { FfmpegTools } from './ffmpeg-locate.js';
import { failureDetails, FfmpegChild, throwIfStopped, type ChildEnd } from './ffmpeg-runner.js';
import { frameTime, planFrames, type FrameRange } from './frame-plan.js';
import type { VideoProbe } from './probe.js';
import { yuv420Bytes } from './yuv420.js';
import type { Size } from '../vision/image/image.js';

/** One decoded frame. */
export interface Frame {
  /** Zero-based index in presentation order. */
  readonly index: number;
  /** Seconds after the first frame of the video. */
  readonly timeSeconds: number;
  /**
   * Pixels in unpadded rows. The consumer owns the data: it is not written again and has an exactly sized
   * ArrayBuffer of its own, so `data.buffer` may be transferred to a worker thread.
   */
  readonly data: Uint8Array<ArrayBuffer>;
}

/** Options of {@link openFrameStream}. */
export interface FrameStreamOptions {
  /** Absolute path of the video. */
  readonly path: string;
  /** Result of `probeVideo` for this file. */
  readonly probe: VideoProbe;
  readonly plan: FrameRange;
  /** Size of the output frames; `workingSizeOf` computes one that keeps the aspect ratio. */
  readonly workingSize: Size;
  readonly format: PixelFormat;
  /** Colour conversion; see {@link ColourConversion}. */
  readonly colours?: ColourConversion;
  readonly tools: FfmpegTools;
  readonly signal?: AbortSignal;
  /** Kernel limits of the decoder process; {@link DECODE_LIMITS} by default. */
  readonly confinement?: ConfinementLimits;
  /**
   * Maximum wait for output of FFmpeg in milliseconds; 60 000 by default. Time in which the consumer does not
   * read is not counted.
   */
  readonly idleMs?: number;
}

/**
 * Decodes a range of frames one by one. FFmpeg writes raw frames to a pipe and blocks while the pipe is full
 * (backpressure), so memory use is one frame plus the pipe, independent of the video's length. Leaving the
 * loop early (break, throw, abort) stops FFmpeg before the loop statement returns.
 * @throws AppError `FRAME_RANGE`, `FRAMES_MISSING` (invalid) when fewer frames arrive than planned,
 *   `MEDIA_TIMEOUT`, `RESOURCE_LIMIT`; the signal's reason on abort
 */
export async function* openFrameStream(options: FrameStreamOptions): AsyncGenerator<Frame, void, undefined> {
  const { plan: range, probe } = options;
  const plan = planFrames(range, probe);
  const request = {
    ...plan,
    input: guardedInput(options),
    size: options.workingSize,
    format: options.format,
    colours: options.colours,
  };
  // If FFmpeg cannot select the frames, it outputs all of them and they are selected here.
  const [first, step] = probe.seekMode === 'all' ? [0, 1] : [range.start, range.step];
  let index = first;
  for await (const data of decodeRaw(request, options)) {
    if (index >= range.start && (index - range.start) % range.step === 0)
      yield { index, timeSeconds: frameTime(index, probe), data };
    index += step;
  }
}

/** The guarded input for a frame stream or single frames. */
export function guardedInput({
  path,
  probe,
  format,
}: Pick<FrameStreamOptions, 'path' | 'probe'> & Partial<Pick<FrameStreamOptions, 'format'>>): GuardedInput {
  const decoder = format === 'rgba' && probe.hasAlpha ? ALPHA_DECODERS[probe.codec] : undefined;
  const maxPixels = decoderPixelLimit(probe.width * probe.height);
  return { path, container: probe.container, maxPixels, ...(decoder && { decoder }) };
}

/** Decoders with support for alpha, which FFmpeg's native decoders of these codecs lack. */
const ALPHA_DECODERS: Readonly<Partial<Record<string, string>>> = { vp8: 'libvpx', vp9: 'libvpx-vp9' };

/** Options for the decoder process; a subset of {@link FrameStreamOptions}. */
export type DecodeOptions = Pick<FrameStreamOptions, 'tools' | 'signal' | 'confinement' | 'idleMs'>;

/** Runs FFmpeg for `request` and splits its output into frames; fewer than `request.count` may arrive. */
export async function* decodeRaw(
  request: FrameStreamRequest,
  options: DecodeOptions,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const idleMs = options.idleMs ?? 60_000;
  const child = new FfmpegChild({
    command: options.tools.ffmpegPath,
    args: frameStreamArguments(request),
    limits: options.confinement ?? DECODE_LIMITS,
    confinement: options.tools.confinement,
    signal: options.signal,
  });
  const frameBytes = frameBytesOf(request);
  let complete = 0;
  try {
    for await (const frame of cutIntoFrames(watched(child, idleMs), frameBytes)) {
      // Data decoded before an abort is still in the pipe and must not be delivered.
      options.signal?.throwIfAborted();
      complete += 1;
      yield frame;
    }
    throwIfFailed(await child.ended, {
      delivered: complete,
      planned: request.count,
      idleMs,
      signal: options.signal,
    });
  } finally {
    await child.stop();
  }
}

const BYTES_PER_PIXEL = { gray: 1, rgb24: 3, rgba: 4 } as const;

function frameBytesOf({ size, format }: Pick<FrameStreamRequest, 'size' | 'format'>): number {
  if (format === 'yuv420p') return yuv420Bytes(size);
  return size.width * size.height * BYTES_PER_PIXEL[format];
}

/** Passes on the child's output, and stops the child if it is silent for `idleMs` while data is awaited. */
async function* watched(child: FfmpegChild, idleMs: number): AsyncGenerator<Buffer> {
  const chunks = child.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  let waiting = true;
  const timer = setTimeout(() => waiting && child.interrupt('timeout'), idleMs);
  try {
    for (;;) {
      waiting = true;
      timer.refresh();
      const next = await chunks.next();
      waiting = false;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    clearTimeout(timer);
  }
}

async function* cutIntoFrames(
  chunks: AsyncIterable<Buffer>,
  frameBytes: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let frame = new Uint8Array(frameBytes);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let offset = 0; offset < chunk.length;) {
      const length = Math.min(frameBytes - filled, chunk.length - offset);
      frame.set(chunk.subarray(offset, offset + length), filled);
      filled += length;
      offset += length;
      if (filled < frameBytes) continue;
      yield frame;
      frame = new Uint8Array(frameBytes);
      filled = 0;
    }
  }
}

interface Outcome {
  readonly delivered: number;
  readonly planned: number;
  readonly idleMs: number;
  readonly signal: AbortSignal | undefined;
}

function throwIfFailed(end: ChildEnd, outcome: Outcome): void {
  throwIfStopped(end, { signal: outcome.signal, wallClockMs: outcome.idleMs });
  if (outcome.delivered < outcome.planned) throw framesMissing(outcome.planned, outcome.delivered, end);
}

function framesMissing(planned: number, delivered: number, end?: ChildEnd): AppError {
  return new AppError('FRAMES_MISSING', {
    message: `Only ${delivered} of the ${planned} requested frames could be decoded; the video is damaged.`,
    details: { planned, delivered, ...(end ? failureDetails(end) : {}) },
  });
}
