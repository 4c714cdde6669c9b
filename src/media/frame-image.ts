import { frameTime, planFrames, type FrameRange } from './frame-plan.js';
import {
  decodeRaw,
  guardedInput,
  openFrameStream,
  type Frame,
  type FrameStreamOptions,
} from './frame-stream.js';
import type { Size } from '../vision/image/image.js';

/** A frame in colour: three bytes per pixel, red first, or four with alpha. */
export interface FrameImage extends Frame, Size {}

/** Options of {@link decodeImages}: those of a frame stream, with single frames instead of a range. */
export type ImageOptions = Omit<FrameStreamOptions, 'plan' | 'format'> & {
  /** Requested frames in any order; each is returned once, in ascending order. */
  readonly indices: readonly number[];
  /** `rgb24` by default. */
  readonly format?: 'rgb24' | 'rgba';
};

/**
 * Up to this many frames between two images are decoded, because that is faster than starting FFmpeg again
 * and seeking.
 */
const MAX_BETWEEN = 60;

/**
 * Decodes single frames in colour, for example for reports. Frames close to each other are decoded in one
 * pass. For frames far apart, seeking decodes one group of pictures instead of everything between them. If
 * the container does not support seeking, all frames are decoded in one pass over the file.
 * @throws AppError as `openFrameStream` does
 */
export async function* decodeImages(options: ImageOptions): AsyncGenerator<FrameImage, void, undefined> {
  const { indices, format = 'rgb24', ...rest } = options;
  if (indices.length === 0) return;
  const wanted = [...new Set(indices)].sort((a, b) => a - b);
  const { width, height } = options.workingSize;
  for await (const frame of framesAt(wanted, { ...rest, format })) yield { ...frame, width, height };
}

function framesAt(wanted: readonly number[], options: KnownOptions): AsyncGenerator<Frame> {
  switch (options.probe.seekMode) {
    case 'time':
      return bySeeking(wanted, options);
    case 'count':
      return byCounting(wanted, options);
    case 'all':
      return byPicking(wanted, options);
  }
}

type KnownOptions = Required<Pick<ImageOptions, 'format'>> & Omit<ImageOptions, 'indices' | 'format'>;

async function* bySeeking(indices: readonly number[], options: KnownOptions): AsyncGenerator<Frame> {
  for (const run of runsOf(indices)) {
    const [first, last] = [run[0], run[run.length - 1]];
    const { seekSeconds, skipSeconds } = planFrames({ start: first, end: last + 1, step: 1 }, options.probe);
    yield* select(run, { from: first, seekSeconds, skipSeconds }, options);
  }
}

/** Splits ascending indices where two of them are far apart. */
function runsOf(indices: readonly number[]): number[][] {
  const runs: number[][] = [];
  for (const index of indices) {
    const run = runs.at(-1);
    if (run !== undefined && index - run[run.length - 1] <= MAX_BETWEEN) run.push(index);
    else runs.push([index]);
  }
  return runs;
}

async function* byCounting(indices: readonly number[], options: KnownOptions): AsyncGenerator<Frame> {
  for (const index of indices) planFrames(single(index), options.probe); // rejects indices beyond the end
  yield* select(indices, { from: 0, seekSeconds: undefined, skipSeconds: undefined }, options);
}

async function* byPicking(indices: readonly number[], options: KnownOptions): AsyncGenerator<Frame> {
  const plan = { start: indices[0], end: indices[indices.length - 1] + 1, step: 1 };
  for await (const frame of openFrameStream({ ...options, plan }))
    if (indices.includes(frame.index)) yield frame;
}

interface Start {
  /** First decoded frame. */
  readonly from: number;
  readonly seekSeconds: number | undefined;
  readonly skipSeconds: number | undefined;
}

/** Selects frames in one pass. */
async function* select(
  indices: readonly number[],
  { from, ...start }: Start,
  options: KnownOptions,
): AsyncGenerator<Frame> {
  const request = {
    ...start,
    input: guardedInput(options),
    select: indices.map((index) => `eq(n,${index - from})`).join('+'),
    count: indices.length,
    size: options.workingSize,
    format: options.format,
    colours: options.colours,
  };
  let position = 0;
  for await (const data of decodeRaw(request, options)) {
    const index = indices[position];
    position += 1;
    yield { index, timeSeconds: frameTime(index, options.probe), data };
  }
}

function single(index: number): FrameRange {
  return { start: index, end: index + 1, step: 1 };
}
