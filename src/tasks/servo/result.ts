import type { RecordedFrame } from '../../domain/servo-recording.js';
import type { ReportedFrame } from '../../servoing/frame-record.js';
import type { FurtherColumns } from '../cns/report/velocities-csv.js';
import type { ReportFigures } from '../cns/report/report-files.js';
import { messageOf, round, roundedRecord, roundedVelocity, summarise } from '../cns/report/result-json.js';
import type { ServoParams } from './params.js';
import type { ServoInput } from './plan.js';
import type { RecordedSession } from './recorded-session.js';

/** What the result document is made from. */
export interface ServoResultInput {
  readonly jobId: string;
  readonly input: ServoInput;
  readonly params: ServoParams;
  readonly session: RecordedSession;
  readonly records: readonly ReportedFrame[];
  readonly figures: ReportFigures;
}

/** Whether translations are in metres per second. */
export const isMetric = ({ goalDistance, depthHint }: ServoParams): boolean =>
  goalDistance !== null || depthHint !== null;

/**
 * Seconds since the first frame: by the capture times of the client if they never decrease, otherwise by the arrival of
 * the frames.
 */
function timesOf(frames: readonly RecordedFrame[]): readonly number[] {
  const captured = frames.map(({ captureTimeUs }) => BigInt(captureTimeUs));
  const ordered = captured.every((time, index) => index === 0 || time >= captured[index - 1]);
  if (ordered && captured[captured.length - 1] > captured[0])
    return captured.map((time) => Number(time - captured[0]) / 1e6);
  return frames.map(({ arrivedMs }) => (arrivedMs - frames[0].arrivedMs) / 1000);
}

/** Recorded frames as the reports of recordings show them; `frame` counts answered frames from 0. */
export function recordsOf(frames: readonly RecordedFrame[]): readonly ReportedFrame[] {
  const times = timesOf(frames);
  return frames.map(({ status, ...frame }, position) => ({
    frame: position,
    timeSeconds: times[position],
    velocity: frame.velocity,
    status: status === 'arrived' ? 'tracking' : status,
    reason: frame.reason,
    keypoints: frame.keypoints,
    matches: frame.matches,
    inliers: frame.inliers,
    featureError: frame.featureError,
    confidence: frame.confidence,
    goalReached: status === 'arrived',
  }));
}

const STAGES = ['queue', 'decode', 'detect', 'match', 'network', 'total'] as const;

/** Columns of a live session after those of a recording. */
export function liveColumns(frames: readonly RecordedFrame[], metric: boolean): FurtherColumns {
  const translation = metric ? 'm_per_s' : 'goal_distances_per_s';
  const names = [
    ...['vx', 'vy', 'vz'].map((axis) => `tool_${axis}_${translation}`),
    ...['wx', 'wy', 'wz'].map((axis) => `tool_${axis}_rad_per_s`),
    'seq',
    'capture_time_us',
    'skipped_before',
    ...STAGES.map((stage) => `${stage}_ms`),
  ];
  return {
    names,
    cells: (position) => {
      const { velocityTool, seq, captureTimeUs, skipped, timingsMs } = frames[position];
      return [
        ...(velocityTool ?? ['', '', '', '', '', '']),
        seq,
        captureTimeUs,
        countOf(skipped),
        ...STAGES.map((stage) => round(timingsMs[stage])),
      ];
    },
  };
}

const countOf = (ranges: RecordedFrame['skipped']): number =>
  ranges.reduce((sum, [from, to]) => sum + Math.max(0, to - from) + 1, 0);

function frameJson(record: ReportedFrame, frame: RecordedFrame) {
  const { seq, captureTimeUs, velocityTool, status, skipped, timingsMs } = frame;
  return {
    ...roundedRecord(record),
    status,
    seq,
    captureTimeUs,
    velocityTool: velocityTool && roundedVelocity(velocityTool),
    skipped,
    timingsMs: Object.fromEntries(STAGES.map((stage) => [stage, round(timingsMs[stage])])),
  };
}

function warningsOf({ input, session }: ServoResultInput): readonly string[] {
  const recorded = session.frames.length;
  const { framesAnswered, recordStopped } = input;
  const stopped = session.stopped ?? recordStopped;
  if (stopped === null && recorded >= framesAnswered) return [];
  const why = {
    size: 'it reached its maximum size, SERVO_RECORD_MAX_MB',
    quota: 'no more storage was left to the account',
    frames: 'it reached its maximum number of frames',
    disk: 'the disk could not be written',
  };
  const reason = stopped === null ? 'the server ended before it was complete' : why[stopped];
  return [`The recording has ${recorded} of the ${framesAnswered} answered frames: ${reason}.`];
}

/** The result document, with the fields of a `cns` job and those of the session. */
export function servoResultJson(result: ServoResultInput) {
  const { input, params, session, records } = result;
  const { goal, goalSource, sessionId, endReason, framesAnswered, framesSkipped, restarts } = input;
  const frames = records.map((record, position) => frameJson(record, session.frames[position]));
  const warnings = warningsOf(result);
  return {
    requestId: result.jobId,
    task: 'servo',
    message: messageOf(records),
    velocity: frames.map(({ velocity }) => velocity),
    units: {
      translation: isMetric(params) ? 'm/s' : 'goal distances/s',
      rotation: 'rad/s',
      frame: 'current camera: x right, y down, z forward',
    },
    ...(warnings.length > 0 && { warnings }),
    summary: { ...summarise(records), arrived: records.filter(({ goalReached }) => goalReached).length },
    session: {
      id: sessionId,
      endReason,
      framesAnswered,
      framesSkipped,
      restarts,
      framesRecorded: frames.length,
      recordStopped: session.stopped ?? input.recordStopped,
    },
    goal: {
      width: goal.width,
      height: goal.height,
      keypoints: goal.keypoints,
      clusters: goal.clusters,
      source: goalSource,
    },
    parameters: params,
    network: goal.network,
    device: goal.device,
    timings: result.figures.timings,
    energy: result.figures.energy,
    frames,
  };
}
