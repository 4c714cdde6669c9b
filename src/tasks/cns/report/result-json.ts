import type { EnergyReport, StageTimings } from '../../../domain/job.js';
import type { CameraSetup } from '../../../servoing/camera-setup.js';
import type { ReportedFrame } from '../../../servoing/frame-record.js';
import type { Velocity } from '../../../vision/geometry/velocity.js';
import type { ReportInput } from './report-input.js';

/** Maximum frames with full records in the stored JSON; longer jobs have them only in the ZIP's result.json. */
export const MAX_INLINE_FRAMES = 30_000;

/** Rounds to the significant digits of single precision. */
export const round = (value: number): number => Number(value.toPrecision(7));

/** Rounds a velocity to the significant digits of single precision. */
export const roundedVelocity = (velocity: Velocity): Velocity => [
  round(velocity[0]),
  round(velocity[1]),
  round(velocity[2]),
  round(velocity[3]),
  round(velocity[4]),
  round(velocity[5]),
];

/** Rounds the numbers of a record to their actual precision. */
export function roundedRecord<Frame extends ReportedFrame>(record: Frame): Frame {
  const { velocity, featureError } = record;
  return {
    ...record,
    timeSeconds: round(record.timeSeconds),
    velocity: velocity && roundedVelocity(velocity),
    featureError: featureError === null ? null : round(featureError),
    confidence: Math.round(record.confidence * 1000) / 1000,
  };
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Counts and medians of all frames. */
export function summarise(records: readonly ReportedFrame[]) {
  const moved = records.filter((record) => record.velocity !== null);
  const count = (status: ReportedFrame['status']): number =>
    records.filter((record) => record.status === status).length;
  return {
    processed: records.length,
    lost: count('lost'),
    weak: count('weak'),
    medianMatches: median(records.map(({ matches }) => matches)),
    medianInliers: median(records.map(({ inliers }) => inliers)),
    medianConfidence: median(moved.map(({ confidence }) => confidence)),
    goalReachedFrame: records.find(({ goalReached }) => goalReached)?.frame ?? null,
  };
}

/** Sentence on the frames without a velocity. */
export function messageOf(frames: readonly ReportedFrame[]): string {
  const lost = frames.filter(({ status }) => status === 'lost').length;
  const unused = frames.filter(({ velocity }) => velocity === null).length - lost;
  if (lost + unused === 0) return 'Inference completed successfully';
  const parts = [
    ...(lost > 0 ? [`${lost} of ${frames.length} frames were lost`] : []),
    ...(unused > 0 ? [`${unused} of ${frames.length} frames were weak and have no velocity`] : []),
  ];
  return `Inference completed; ${parts.join(', ')}`;
}

const cameraJson = ({ intrinsics, source, workingSize }: CameraSetup) => ({
  intrinsics,
  source,
  workingSize,
});

/**
 * The result document: per-frame records, the parameters as used, and what produced the result. `velocity` has one
 * entry per processed frame, `null` where tracking was lost.
 */
export function resultJson(
  input: ReportInput,
  figures: {
    readonly timings: StageTimings;
    readonly energy: EnergyReport;
    readonly cameras: readonly [CameraSetup, CameraSetup];
  },
) {
  const { engine, params, opened, goal, input: plan } = input;
  const frames = input.records.map(roundedRecord);
  return {
    requestId: engine.jobId,
    task: 'cns',
    message: messageOf(frames),
    velocity: frames.map(({ velocity }) => velocity),
    units: {
      translation: params.goalDistance === undefined ? 'goal distances/s' : 'm/s',
      rotation: 'rad/s',
      frame: 'current camera: x right, y down, z forward',
    },
    ...(input.warnings.length > 0 && { warnings: input.warnings }),
    summary: summarise(frames),
    goal: { video: plan.goalVideo.name, frame: plan.goalFrame, ...goal },
    current: {
      video: plan.currentVideo.name,
      startFrame: plan.startFrame,
      endFrame: plan.endFrame,
      frameStep: plan.frameStep,
    },
    parameters: { ...params, goalDistance: params.goalDistance ?? 1, memory: opened.memory },
    camera: { goal: cameraJson(figures.cameras[0]), current: cameraJson(figures.cameras[1]) },
    network: opened.network,
    device: opened.device,
    timings: figures.timings,
    energy: figures.energy,
    frames,
  };
}
