import type { DatasetItem, FrameSource, Media } from '../../domain/dataset.js';
import { invalidField } from '../../errors/common-errors.js';
import type { JobPlan } from '../definition.js';
import { requirePlausible } from './intrinsics.js';
import { requireDetector, type CnsParams } from './params.js';

/** Facts about a video that the pipeline needs. */
export interface VideoFacts {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly frameCount: number;
  /** Absent from plans of earlier versions. */
  readonly frameSource?: FrameSource;
  readonly fps: { readonly num: number; readonly den: number };
}

/** Input of one CNS job; all frame numbers refer to existing frames. */
export interface CnsInput {
  readonly goalVideo: VideoFacts;
  readonly currentVideo: VideoFacts;
  readonly goalFrame: number;
  readonly startFrame: number;
  /** Exclusive. */
  readonly endFrame: number;
  readonly frameStep: number;
}

/** Number of processed frames: start, start + step, … below end. */
export function processedFrameCount({
  startFrame,
  endFrame,
  frameStep,
}: Pick<CnsInput, 'startFrame' | 'endFrame' | 'frameStep'>): number {
  return Math.ceil((endFrame - startFrame) / frameStep);
}

function factsOf(media: Media): VideoFacts {
  const { name, width, height, frameCount, frameSource, fps } = media;
  return { name, width, height, frameCount, frameSource, fps: fps ?? { num: 25, den: 1 } };
}

/** Selects items by `range`: `all`, or `first-last` from 0. */
function selectItems(videos: readonly DatasetItem[], range: string): readonly DatasetItem[] {
  if (videos.length === 0)
    throw invalidField('/datasetId', 'NO_VIDEOS', 'datasetId: the dataset holds no video.');
  if (range === 'all') return videos;
  const match = /^(\d{1,9})-(\d{1,9})$/.exec(range);
  if (!match)
    throw invalidField(
      '/range',
      'BAD_RANGE',
      `range: "${range}" is neither "all" nor "first-last" such as "0-3".`,
    );
  const [first, last] = [Number(match[1]), Number(match[2])];
  if (first > last || last >= videos.length) {
    const limit = `the dataset's videos are 0-${videos.length - 1}`;
    throw invalidField('/range', 'BAD_RANGE', `range: ${range} is not possible, ${limit}.`);
  }
  return videos.slice(first, last + 1);
}

function resolveFrames(
  goal: Media,
  current: Media,
  params: CnsParams,
): Omit<CnsInput, 'goalVideo' | 'currentVideo'> {
  const { startFrame, frameStep } = params;
  const endFrame = params.endFrame ?? current.frameCount;
  const goalFrame = params.goalFrameId ?? goal.frameCount - 1;
  const within = (field: string, [value, limit]: readonly [number, number], video: Media) => {
    if (value <= limit) return;
    const message = `parameters.${field}: ${value} is beyond ${limit}; video "${video.name}" has ${video.frameCount} frames.`;
    throw invalidField(`/parameters/${field}`, 'FRAME_OUT_OF_RANGE', message);
  };
  within('startFrame', [startFrame, current.frameCount - 1], current);
  within('endFrame', [endFrame, current.frameCount], current);
  within('goalFrameId', [goalFrame, goal.frameCount - 1], goal);
  within('frameStep', [frameStep, endFrame - startFrame], current);
  return { goalFrame, startFrame, endFrame, frameStep };
}

function planPair(goal: Media, current: Media, params: CnsParams): JobPlan<CnsInput> {
  const sameSize = goal.width === current.width && goal.height === current.height;
  if (params.intrinsics && !sameSize) {
    const message = `parameters.intrinsics: videos "${goal.name}" (${goal.width}x${goal.height}) and "${current.name}" (${current.width}x${current.height}) differ in size, so one set of intrinsics cannot fit both.`;
    throw invalidField('/parameters/intrinsics', 'INTRINSICS_AMBIGUOUS', message);
  }
  if (params.intrinsics) requirePlausible(params.intrinsics, current);
  return {
    input: {
      goalVideo: factsOf(goal),
      currentVideo: factsOf(current),
      ...resolveFrames(goal, current, params),
    },
    media: { goal: goal.id, current: current.id },
  };
}

/**
 * Plans the jobs: a single video is both goal and current; n videos give n-1 jobs on consecutive pairs.
 * @throws AppError (invalid) for an unavailable detector, a bad range, or frames that do not exist
 */
export function planCns(
  items: readonly DatasetItem[],
  params: CnsParams,
  { range, detectors }: { range: string; detectors: readonly string[] },
): readonly JobPlan<CnsInput>[] {
  requireDetector(params.detector, detectors);
  const videos = selectItems(
    items.filter((item) => item.source.kind === 'video'),
    range,
  ).map((item) => item.source);
  if (videos.length === 1) return [planPair(videos[0], videos[0], params)];
  return videos.slice(1).map((current, index) => planPair(videos[index], current, params));
}
