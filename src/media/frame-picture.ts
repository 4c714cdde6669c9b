import type { PictureSize } from './ffmpeg-arguments.js';
import { planFrames, type FrameRange } from './frame-plan.js';
import {
  decodeRaw,
  guardedInput,
  openFrameStream,
  withTimes,
  type Frame,
  type FrameStreamOptions,
} from './frame-stream.js';

/** A frame in colour: three bytes a pixel, red first. */
export interface FramePicture extends Frame, PictureSize {}

/** What {@link decodePictures} needs: a frame stream's options with single frames instead of a range. */
export type PictureOptions = Omit<FrameStreamOptions, 'plan' | 'format'> & {
  /** Frames wanted, in any order; each comes once, in ascending order. */
  readonly indices: readonly number[];
};

/**
 * Decodes single frames in colour, for the pictures in a report. Each is reached by its own seek, which costs one
 * group of pictures and not the way between them; where the container cannot be sought by time, one pass over the
 * file picks them all.
 * @throws AppError as `openFrameStream`
 */
export async function* decodePictures(
  options: PictureOptions,
): AsyncGenerator<FramePicture, void, undefined> {
  const { indices, ...rest } = options;
  if (indices.length === 0) return;
  const wanted = [...new Set(indices)].sort((a, b) => a - b);
  const probe = await withTimes(rest);
  const { width, height } = options.workingSize;
  const known = { ...rest, probe };
  const frames = probe.seekMode === 'time' ? bySeeking(wanted, known) : byCounting(wanted, known);
  for await (const frame of frames) yield { ...frame, width, height };
}

type KnownOptions = Omit<PictureOptions, 'indices'>;

async function* bySeeking(indices: readonly number[], options: KnownOptions): AsyncGenerator<Frame> {
  for (const index of indices) yield* openFrameStream({ ...options, plan: single(index), format: 'rgb24' });
}

async function* byCounting(indices: readonly number[], options: KnownOptions): AsyncGenerator<Frame> {
  for (const index of indices) planFrames(single(index), options.probe); // refuses what is beyond the end
  const request = {
    input: guardedInput(options),
    select: indices.map((index) => `eq(n,${index})`).join('+'),
    count: indices.length,
    size: options.workingSize,
    format: 'rgb24' as const,
  };
  const { num, den } = options.probe.fps;
  let position = 0;
  for await (const data of decodeRaw(request, options)) {
    const index = indices[position];
    position += 1;
    yield { index, timeSeconds: (index * den) / num, data };
  }
}

function single(index: number): FrameRange {
  return { start: index, end: index + 1, step: 1 };
}
