import { frameTime, planFrames, type FrameRange } from './frame-plan.js';
import {
  decodeRaw,
  guardedInput,
  openFrameStream,
  type Frame,
  type FrameStreamOptions,
} from './frame-stream.js';
import type { Size } from '../vision/image/image.js';

/** A frame in colour: three bytes a pixel, red first, or four with its transparency. */
export interface FrameImage extends Frame, Size {}

/** What {@link decodeImages} needs: a frame stream's options with single frames instead of a range. */
export type ImageOptions = Omit<FrameStreamOptions, 'plan' | 'format'> & {
  /** Frames wanted, in any order; each comes once, in ascending order. */
  readonly indices: readonly number[];
  /** `rgb24` by default. */
  readonly format?: 'rgb24' | 'rgba';
};

/** Frames between two images that cost less to decode than starting FFmpeg again and seeking. */
const MOST_BETWEEN = 60;

/**
 * Decodes single frames in colour, say for the images in a report. Those that lie close together come from one pass; where
 * they are far apart, a seek costs one group of pictures and not the way between them. Where the container cannot be
 * reached by seeking, one pass over the file reads them all.
 * @throws AppError as `openFrameStream`
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

/** Ascending indices, cut where two of them lie far apart. */
function runsOf(indices: readonly number[]): number[][] {
  const runs: number[][] = [];
  for (const index of indices) {
    const run = runs.at(-1);
    if (run !== undefined && index - run[run.length - 1] <= MOST_BETWEEN) run.push(index);
    else runs.push([index]);
  }
  return runs;
}

async function* byCounting(indices: readonly number[], options: KnownOptions): AsyncGenerator<Frame> {
  for (const index of indices) planFrames(single(index), options.probe); // refuses what is beyond the end
  yield* select(indices, { from: 0, seekSeconds: undefined, skipSeconds: undefined }, options);
}

async function* byPicking(indices: readonly number[], options: KnownOptions): AsyncGenerator<Frame> {
  const plan = { start: indices[0], end: indices[indices.length - 1] + 1, step: 1 };
  for await (const frame of openFrameStream({ ...options, plan }))
    if (indices.includes(frame.index)) yield frame;
}

interface Start {
  /** The first frame that is decoded. */
  readonly from: number;
  readonly seekSeconds: number | undefined;
  readonly skipSeconds: number | undefined;
}

/** Picks frames in one pass. */
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
