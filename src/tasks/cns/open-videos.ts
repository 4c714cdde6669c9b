import { AppError } from '../../errors/app-error.js';
import type { VideoProbe } from '../../media/probe.js';
import { probeStoredVideo } from '../../media/stored-video.js';
import type { EngineContext, JobPlan } from '../definition.js';
import type { CnsInput, VideoFacts } from './plan.js';

/** The probed videos of a job, with the plan limited to the frames that exist. */
export interface OpenVideos {
  readonly input: CnsInput;
  readonly probes: { readonly goal: VideoProbe; readonly current: VideoProbe };
  /** Deviations from the plan, as sentences for the user. */
  readonly warnings: readonly string[];
}

async function open(name: string, facts: VideoFacts, engine: EngineContext): Promise<VideoProbe> {
  const { ffmpeg: tools, signal } = engine;
  return probeStoredVideo(engine.mediaPaths[name], facts, { tools, signal, decode: 'all' });
}

/**
 * Opens the videos of a job. Earlier versions counted packets, some of which decode to no image: frames that do not
 * exist are skipped, and only processed frames are billed.
 * @throws AppError `FRAME_RANGE` (invalid) when none of the planned frames exists; also the errors of
 * `probeStoredVideo`
 */
export async function openVideos(
  { input, media }: JobPlan<CnsInput>,
  engine: EngineContext,
): Promise<OpenVideos> {
  const current = await open('current', input.currentVideo, engine);
  const goal = media.goal === media.current ? current : await open('goal', input.goalVideo, engine);
  const endFrame = Math.min(input.endFrame, current.frameCount);
  const goalFrame = Math.min(input.goalFrame, goal.frameCount - 1);
  if (input.startFrame >= endFrame)
    throw new AppError('FRAME_RANGE', {
      message: `startFrame ${input.startFrame} does not exist: video "${input.currentVideo.name}" has ${current.frameCount} frames.`,
    });
  const stored = ({ name, frameCount }: VideoFacts, probe: VideoProbe) =>
    `Video "${name}" has ${probe.frameCount} frames that can be decoded, ${frameCount} were counted when it was stored.`;
  const warnings = [
    ...(endFrame < input.endFrame ? [stored(input.currentVideo, current)] : []),
    ...(goalFrame < input.goalFrame
      ? [`${stored(input.goalVideo, goal)} The goal is its last frame, ${goalFrame}.`]
      : []),
  ];
  return { input: { ...input, endFrame, goalFrame }, probes: { goal, current }, warnings };
}
