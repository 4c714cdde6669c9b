import { AppError } from '../../errors/app-error.js';
import type { FeaturePipeline } from '../../servoing/features/feature-pipeline.js';
import { warmPipelines, type LeasedPipeline } from '../../servoing/features/warm-pipelines.js';
import type { Detector, Features } from '../../vision/features/types.js';
import { openFrameStream } from '../../media/frame-stream.js';
import type { EngineContext, JobPlan, Pipeline } from '../definition.js';
import { startEnergyMeter } from '../energy-meter.js';
import { setUpCamera } from '../../servoing/camera-setup.js';
import { processedFrameCount, type CnsInput } from './plan.js';
import { openVideos, type OpenVideos } from './open-videos.js';
import { requestedDevice, type CnsParams } from './params.js';
import { ImageSelection } from './image-selection.js';
import { planPreview } from './report/preview/preview-plan.js';
import { secondsPerFrame } from './report/seconds-per-frame.js';
import { writeReport } from './report/report.js';
import type { FrameRecord } from '../../servoing/frame-record.js';
import { openPolicy, type OpenPolicy } from '../../servoing/open-policy.js';
import { Servo, type ServoSetup } from '../../servoing/servo.js';
import { Stopwatch } from '../../telemetry/stopwatch.js';
import { trackAhead } from '../../servoing/track-ahead.js';

/** Maximum key points per frame; a goal keeps fewer. */
const MAX_FEATURES = 1024;

/** Frames prefetched per thread: one in progress and one queued, so that no thread is idle. */
const PREFETCHED_FRAMES_PER_THREAD = 2;

const openPolicyOf = (params: CnsParams, { modelsDirectory }: EngineContext): Promise<OpenPolicy> =>
  openPolicy({
    ...params,
    goalDistance: params.goalDistance ?? 1,
    device: requestedDevice(params),
    modelsDirectory,
  });

const leaseFeatures = (
  { detector }: CnsParams,
  { modelsDirectory, threads }: EngineContext,
): Promise<LeasedPipeline> =>
  warmPipelines.lease(detector, { modelsDirectory, maxFeatures: MAX_FEATURES, threads });

interface Work extends OpenVideos {
  readonly params: CnsParams;
  readonly engine: EngineContext;
  readonly stopwatch: Stopwatch;
}

async function detectGoal({ input, params, engine, probes }: Work, detector: Detector): Promise<Features> {
  const { workingSize } = setUpCamera(probes.goal, params);
  const frames = openFrameStream({
    path: engine.mediaPaths.goal,
    probe: probes.goal,
    plan: { start: input.goalFrame, end: input.goalFrame + 1, step: 1 },
    workingSize,
    format: 'gray',
    tools: engine.ffmpeg,
    signal: engine.signal,
  });
  for await (const { data } of frames) return detector.detect({ ...workingSize, data });
  throw new AppError('FRAMES_MISSING', { message: `Goal frame ${input.goalFrame} is missing.` });
}

/** Runs the servo loop over all planned frames; decoding, detection and matching are prefetched. */
async function runServo(work: Work, servo: Servo, featurePipeline: FeaturePipeline) {
  const { input, params, engine, probes, stopwatch } = work;
  const { workingSize } = setUpCamera(probes.current, params);
  const frames = openFrameStream({
    path: engine.mediaPaths.current,
    probe: probes.current,
    plan: { start: input.startFrame, end: input.endFrame, step: input.frameStep },
    workingSize,
    format: 'gray',
    tools: engine.ffmpeg,
    signal: engine.signal,
  });
  const total = processedFrameCount(input);
  const records: FrameRecord[] = [];
  const images = ImageSelection.spread(total);
  const preview = ImageSelection.every(planPreview(total, secondsPerFrame(work)).stride);
  await featurePipeline.setGoal(servo.goal);
  const tracked = trackAhead(frames, {
    featurePipeline,
    size: workingSize,
    ahead: PREFETCHED_FRAMES_PER_THREAD * engine.threads + 1,
  });
  for await (const frame of tracked) {
    engine.signal.throwIfAborted();
    const { record, matches } = await servo.step(frame);
    images.offer(records.length, matches);
    if (params.preview) preview.offer(records.length, matches);
    records.push(record);
    stopwatch.add('detectMs', record.timingsMs.detect);
    stopwatch.add('matchMs', record.timingsMs.match);
    stopwatch.add('networkMs', record.timingsMs.network);
    engine.progress({
      done: records.length,
      total,
      percent: Math.floor((records.length / total) * 95),
      stage: 'infer',
    });
  }
  return { records, images: images.chosen, preview: preview.chosen };
}

function servoSetup(
  work: Work,
  { policy, detector, stopThreshold: threshold, maxPoints }: OpenPolicy,
): ServoSetup {
  const { params, probes } = work;
  return {
    policy,
    detector,
    goalCamera: setUpCamera(probes.goal, params),
    currentCamera: setUpCamera(probes.current, params),
    maxPoints,
    stopThreshold: threshold,
    secondsPerFrame: secondsPerFrame(work),
    gain: params.gain,
    goalDistance: params.goalDistance ?? 1,
    onWeak: params.onWeak,
  };
}

/** CNS visual servoing over a video: computes one camera velocity per processed frame. */
export const pipeline: Pipeline<CnsParams, CnsInput> = async (plan: JobPlan<CnsInput>, params, engine) => {
  const endMeter = startEnergyMeter(engine.power);
  const stopwatch = new Stopwatch();
  const start = performance.now();
  // First of all: its threads load the detector's network while policy and videos are opened.
  const lease = await leaseFeatures(params, engine);
  let opened: OpenPolicy | undefined;
  try {
    const policy = await stopwatch.time('loadMs', () => openPolicyOf(params, engine));
    opened = policy;
    const front = lease.pipeline;
    const videos = await stopwatch.time('probeMs', () => openVideos(plan, engine));
    const work: Work = { ...videos, params, engine, stopwatch };
    const goalFeatures = await stopwatch.time('goalMs', () => detectGoal(work, front));
    const servo = await stopwatch.time('goalMs', () => Servo.start(goalFeatures, servoSetup(work, policy)));
    const { records, images, preview } = await stopwatch.time('framesMs', () => runServo(work, servo, front));
    await lease.release(engine.keepThreads ?? false);
    engine.progress({ done: records.length, total: records.length, percent: 96, stage: 'report' });
    const reportStart = performance.now();
    return await writeReport({
      ...work,
      opened: policy,
      goal: { keypoints: goalFeatures.count, points: servo.goal.count, clusters: servo.clusters },
      records,
      images,
      preview,
      finish: () => {
        stopwatch.add('reportMs', performance.now() - reportStart);
        stopwatch.add('totalMs', performance.now() - start);
        return { timings: stopwatch.totals(), energy: endMeter() };
      },
    });
  } finally {
    await lease.release(false);
    opened?.release();
  }
};
