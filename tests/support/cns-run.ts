import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { v7 as uuid } from 'uuid';
import { probeVideo } from '../../src/media/probe.js';
import { processedFrameCount, type CnsInput } from '../../src/tasks/cns/plan.js';
import { cnsParamsSchema } from '../../src/tasks/cns/params.js';
import { pipeline as cnsPipeline } from '../../src/tasks/cns/pipeline.js';
import type { FrameRecord } from '../../src/servoing/frame-record.js';
import { UPLOAD_LIMITS } from './upload-limits.js';
import { ffmpegTools } from './ffmpeg-tools.js';

/** What a CNS job gave, as far as tests look at it. */
export interface CnsRun {
  /** Frames that the upload counted, and those that the hold was for. */
  readonly stored: number;
  readonly held: number;
  /** Frames that are billed. */
  readonly captured: number;
  readonly frames: readonly FrameRecord[];
  readonly warnings: readonly string[];
  readonly camera: {
    readonly workingSize: { readonly width: number; readonly height: number };
    readonly intrinsics: {
      readonly fx: number;
      readonly fy: number;
      readonly cx: number;
      readonly cy: number;
    };
  };
}

/** How {@link runCns} works. */
export interface CnsRunOptions {
  readonly parameters?: object;
  /** Facts that another version stored instead of those of the upload. */
  readonly stored?: Partial<Pick<CnsInput['currentVideo'], 'frameCount' | 'frameSource'>>;
  readonly input?: Partial<CnsInput>;
}

/** Uploads a video in this process and runs a CNS job over it, with the checks and limits of both. */
export async function runCns(file: string, options: CnsRunOptions = {}): Promise<CnsRun> {
  const tools = await ffmpegTools();
  const { width, height, fps, ...probe } = await probeVideo(file, { tools, limits: UPLOAD_LIMITS });
  const { frameCount, frameSource } = { ...probe, ...options.stored };
  const video = { name: path.basename(file), width, height, fps, frameCount, frameSource };
  const input: CnsInput = {
    ...{ goalVideo: video, currentVideo: video, goalFrame: frameCount - 1 },
    ...{ startFrame: 0, endFrame: frameCount, frameStep: 1, ...options.input },
  };
  const workspace = await mkdtemp(path.join(os.tmpdir(), 'infernode-cns-'));
  try {
    const result = await cnsPipeline(
      { input, media: { goal: 'one', current: 'one' } },
      cnsParamsSchema.parse({ detector: 'ORB', preview: false, ...options.parameters }),
      {
        jobId: uuid(),
        mediaPaths: { goal: file, current: file },
        workspace,
        modelsDirectory: path.resolve('models'),
        ffmpeg: tools,
        power: { cpuWatts: 15, carbonGramsPerKwh: 475 },
        threads: 1,
        signal: new AbortController().signal,
        progress: () => undefined,
      },
    );
    const json = result.json as {
      frames: FrameRecord[];
      warnings?: string[];
      camera: { current: CnsRun['camera'] };
    };
    return {
      stored: frameCount,
      held: processedFrameCount(input),
      captured: result.units['inference.video_frame'] ?? 0,
      frames: json.frames,
      warnings: json.warnings ?? [],
      camera: json.camera.current,
    };
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}
