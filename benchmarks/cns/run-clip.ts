import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { locateFfmpeg, type FfmpegTools } from '../../src/media/ffmpeg-locate.js';
import type { CnsInput } from '../../src/tasks/cns/plan.js';
import { cnsParamsSchema } from '../../src/tasks/cns/params.js';
import { pipeline as cnsPipeline } from '../../src/tasks/cns/pipeline.js';
import type { EngineContext, TaskResult } from '../../src/tasks/definition.js';
import type { ClipTruth } from '../../scripts/render/clip-truth.js';

/** A job over a clip with ground truth. */
export interface ClipJob {
  /** Name of a clip and of its ground truth. */
  readonly clip: string;
  /** Folder of both; default `samples/`. */
  readonly folder?: string;
  readonly threads: number;
  /** Location of FFmpeg, if already known. */
  readonly ffmpeg?: FfmpegTools;
  /** Number of frames to process, from the first on; default: all. */
  readonly frames?: number;
  /** As of `EngineContext`. */
  readonly keepThreads?: boolean;
  /** Parameters in addition to the clip's intrinsics and goal distance. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** Root of the checkout. */
export const ROOT = path.resolve(import.meta.dirname, '..', '..', '..');

/** What is stored of an uploaded clip: its packets and images agree, so that a job need not decode it to count them. */
function videoFacts(clip: string, { width, height, frames, fps }: ClipTruth): CnsInput['currentVideo'] {
  const rate = { num: fps, den: 1 };
  return { name: `${clip}.mp4`, width, height, frameCount: frames, fps: rate, frameSource: 'packets' };
}

/** Runs a job's pipeline over a clip in this process; `use` receives the result while its files exist. */
export async function runClip<Value>(
  {
    clip,
    threads,
    folder = path.join(ROOT, 'samples'),
    ffmpeg,
    parameters = {},
    frames: wanted,
    keepThreads,
  }: ClipJob,
  use: (result: TaskResult, truth: ClipTruth) => Value | Promise<Value>,
  progress: EngineContext['progress'] = () => undefined,
): Promise<Value> {
  const file = (ending: string): string => path.join(folder, `${clip}.${ending}`);
  const truth = JSON.parse(await readFile(file('json'), 'utf8')) as ClipTruth;
  const { frames, goalFrame, intrinsics, goalDistance } = truth;
  const video = videoFacts(clip, truth);
  const input: CnsInput = {
    goalVideo: video,
    currentVideo: video,
    goalFrame,
    startFrame: 0,
    endFrame: Math.min(frames, wanted ?? frames),
    frameStep: 1,
  };
  const params = cnsParamsSchema.parse({ intrinsics, goalDistance, ...parameters });
  const workspace = await mkdtemp(path.join(os.tmpdir(), 'infernode-clip-'));
  try {
    const plan = { input, media: { goal: clip, current: clip } };
    const result = await cnsPipeline(plan, params, {
      jobId: clip,
      mediaPaths: { goal: file('mp4'), current: file('mp4') },
      workspace,
      modelsDirectory: path.join(ROOT, 'models'),
      ffmpeg: ffmpeg ?? (await locateFfmpeg()),
      power: { cpuWatts: 15, carbonGramsPerKwh: 475 },
      threads,
      keepThreads,
      signal: new AbortController().signal,
      progress,
    });
    return await use(result, truth);
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}
