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
  /** Place in the video, from 0 in the order of presentation. */
  readonly index: number;
  /** Seconds after the video's first frame. */
  readonly timeSeconds: number;
  /**
   * Pixels, row by row without padding. The consumer owns it: it is not written to again, and it fills its own
   * ArrayBuffer exactly, so `data.buffer` may be transferred to a worker thread.
   */
  readonly data: Uint8Array<ArrayBuffer>;
}

/** What {@link openFrameStream} needs. */
export interface FrameStreamOptions {
  /** Absolute path of the video. */
  readonly path: string;
  /** Answer of `probeVideo` for this very file. */
  readonly probe: VideoProbe;
  readonly plan: FrameRange;
  /** Size of the frames that come out; `workingSizeOf` makes one that keeps the proportions. */
  readonly workingSize: Size;
  readonly format: PixelFormat;
  /** How colours are converted; see {@link ColourConversion}. */
  readonly colours?: ColourConversion;
  readonly tools: FfmpegTools;
  readonly signal?: AbortSignal;
  /** Kernel limits of the decoder; {@link DECODE_LIMITS} by default. */
  readonly confinement?: ConfinementLimits;
  /** Longest wait for FFmpeg's next bytes in milliseconds; 60 000 by default. A slow consumer does not count. */
  readonly idleMs?: number;
}

/**
 * Decodes a range of frames one after the other. FFmpeg writes raw frames to a pipe; it blocks while the pipe is not read, so
 * memory holds a frame and a pipe's worth of the next, however long the video is. Leaving the loop early (break,
 * throw, abort) ends FFmpeg before the loop's statement returns.
 * @throws AppError `FRAME_RANGE`, `FRAMES_MISSING` (invalid) when fewer frames come than planned, `MEDIA_TIMEOUT`,
 *   `RESOURCE_LIMIT`; the signal's reason on abort
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
  // Where FFmpeg cannot pick the frames, it writes all of them.
  const [first, step] = probe.seekMode === 'all' ? [0, 1] : [range.start, range.step];
  let index = first;
  for await (const data of decodeRaw(request, options)) {
    if (index >= range.start && (index - range.start) % range.step === 0)
      yield { index, timeSeconds: frameTime(index, probe), data };
    index += step;
  }
}

/** The guarded input of a stream or image request. */
export function guardedInput({
  path,
  probe,
  format,
}: Pick<FrameStreamOptions, 'path' | 'probe'> & Partial<Pick<FrameStreamOptions, 'format'>>): GuardedInput {
  const decoder = format === 'rgba' && probe.hasAlpha ? ALPHA_DECODERS[probe.codec] : undefined;
  const maxPixels = decoderPixelLimit(probe.width * probe.height);
  return { path, container: probe.container, maxPixels, ...(decoder && { decoder }) };
}

/** Decoders that read transparency which FFmpeg's own ones leave out. */
const ALPHA_DECODERS: Readonly<Partial<Record<string, string>>> = { vp8: 'libvpx', vp9: 'libvpx-vp9' };

/** How the decoder child is run; a part of {@link FrameStreamOptions}. */
export type DecodeOptions = Pick<FrameStreamOptions, 'tools' | 'signal' | 'confinement' | 'idleMs'>;

/** Runs FFmpeg for `request` and cuts its output into frames; fewer than `request.count` may come. */
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
      // What was decoded before an abort still lies in the pipe; it is not wanted any more.
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

/** Passes the child's chunks on and ends the child if it is silent for `idleMs` while a chunk is awaited. */
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
    message: `The video gave only ${delivered} of the ${planned} frames asked for; it is damaged.`,
    details: { planned, delivered, ...(end ? failureDetails(end) : {}) },
  });
}
