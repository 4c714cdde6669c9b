import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { v7 as uuid } from 'uuid';
import type { MaskPaint } from '../../src/domain/mask-paint.js';
import type { JobProgress } from '../../src/domain/job.js';
import { resultFilesOf } from '../../src/domain/result.js';
import type { TaskResult } from '../../src/tasks/definition.js';
import { maskName, sourceName, type InpaintingItem } from '../../src/tasks/inpainting/plan.js';
import type { OpenFiller } from '../../src/tasks/inpainting/filler.js';
import { inpaintingParamsSchema } from '../../src/tasks/inpainting/params.js';
import { createInpaintingPipeline } from '../../src/tasks/inpainting/pipeline.js';
import { ffmpegTools } from './ffmpeg-tools.js';

/** One pair of files on the disk. */
export interface PairOnDisk {
  readonly source: string;
  /** Left out where a detector makes the masks. */
  readonly mask?: string;
  readonly width: number;
  readonly height: number;
  /** Left out for images. */
  readonly video?: { readonly frames: number; readonly fps: number };
  /** Left out for mask images. */
  readonly maskFrames?: number;
  /** How a mask video is read. */
  readonly maskPaint?: MaskPaint;
}

/** What a run gave. */
export interface InpaintingRun {
  readonly result: TaskResult;
  readonly progress: readonly JobProgress[];
  /** Bytes of a result file, by its name or the first one of an item, taken out of the ZIP by its place. */
  file(which: string | number): Promise<Buffer>;
  /** The result ZIP. */
  readonly zip: Buffer;
}

/** Runs the inpainting pipeline in this process. */
export async function runInpainting(
  open: OpenFiller,
  pairs: readonly PairOnDisk[],
  {
    parameters = {},
    signal = new AbortController().signal,
  }: { parameters?: object; signal?: AbortSignal } = {},
): Promise<InpaintingRun> {
  const workspace = await mkdtemp(path.join(os.tmpdir(), 'infernode-inpainting-'));
  const items = pairs.map((pair, index): InpaintingItem => {
    const { width, height, video, maskFrames, maskPaint } = pair;
    const size = { width, height };
    const still = { kind: 'image', frameCount: 1, fps: null, ...size } as const;
    const moving = (frameCount: number) =>
      ({ kind: 'video', frameCount, fps: { num: video?.fps ?? 25, den: 1 }, ...size }) as const;
    return {
      number: index + 1,
      name: path.basename(pair.source),
      file: `${video ? 'video' : 'image'}_${index + 1}.png`,
      source: video ? moving(video.frames) : still,
      mask: pair.mask === undefined ? null : maskFrames ? moving(maskFrames) : still,
      holeShare: pair.mask === undefined || maskFrames ? null : 0.1,
      ...(maskPaint && { maskPaint }),
      sampledFrames: video ? Math.ceil(video.frames / video.fps) : 1,
    };
  });
  const progress: JobProgress[] = [];
  const mediaPaths = Object.fromEntries(
    items.flatMap((item, index): [string, string][] => {
      const { source, mask } = pairs[index];
      return [
        [sourceName(item), source],
        ...(mask === undefined ? [] : [[maskName(item), mask] as [string, string]]),
      ];
    }),
  );
  const run = createInpaintingPipeline(open);
  const { result, zip } = await run(
    { input: { datasetId: uuid(), items }, media: Object.fromEntries(Object.keys(mediaPaths).map(mediaOf)) },
    inpaintingParamsSchema.parse(parameters),
    {
      jobId: uuid(),
      mediaPaths,
      workspace,
      modelsDirectory: path.resolve('models'),
      ffmpeg: await ffmpegTools(),
      power: { cpuWatts: 15, carbonGramsPerKwh: 475 },
      threads: 1,
      signal,
      progress: (step) => void progress.push(step),
    },
  )
    // The workspace is gone afterwards, as in a worker.
    .then(async (done) => ({ result: done, zip: await readFile(done.zipPath) }))
    .finally(() => rm(workspace, { recursive: true, force: true }));
  return {
    result,
    progress,
    zip,
    file: async (which) => {
      const found = resultFilesOf(result).find(({ name, number }) => name === which || number === which);
      if (!found) throw new Error(`no result file ${which}`);
      return zip.subarray(found.offset, found.offset + found.bytes);
    },
  };
}

/** The media of an item's source or mask in the plans of {@link runInpainting}. */
export const mediaOf = (name: string): [name: string, id: string] => [name, `media-of-${name}`];

/** A smooth colourful image whose truth is known everywhere. */
export function gradient(width: number, height: number): Uint8Array {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      rgb.set([Math.round((255 * x) / width), Math.round((255 * y) / height), 90], 3 * (y * width + x));
    }
  }
  return rgb;
}

/** A mask that is white within a rectangle. */
export function rectangleMask(
  { width, height }: { width: number; height: number },
  box: { left: number; top: number; right: number; bottom: number },
): Uint8Array {
  const mask = new Uint8Array(width * height);
  for (let y = box.top; y < box.bottom; y += 1) mask.fill(255, y * width + box.left, y * width + box.right);
  return mask;
}

/** Pixels as PNG: one or three bytes a pixel. */
export function pngOf(
  data: Uint8Array,
  { width, height }: { width: number; height: number },
): Promise<Buffer> {
  const channels = data.length === width * height ? 1 : 3;
  return sharp(data, { raw: { width, height, channels } }).png().toBuffer();
}
