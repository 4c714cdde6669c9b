import type { ServoResult, ServoVelocity } from '../../domain/servo.js';
import { STREAM_VERSION } from './frame-message.js';

/** Bytes of a binary answer. */
const ANSWER_BYTES = 64;

/** Status words of binary answers; the number is that of byte 1. */
const ANSWER_STATUS = {
  tracking: 0,
  weak: 1,
  lost: 2,
  arrived: 3,
  timeout: 4,
  interrupted: 5,
  error: 6,
} as const;
/** See {@link ANSWER_STATUS}. */
type AnswerStatus = keyof typeof ANSWER_STATUS;

/** What a binary answer holds. */
export interface StreamAnswer extends Partial<
  Pick<ServoResult, 'matches' | 'inliers' | 'featureError' | 'confidence'>
> {
  readonly status: AnswerStatus;
  readonly sequence: number;
  readonly captureTimeMicros: bigint;
  /** The camera's, or the tool's for frames with the flag; null is written as standing still. */
  readonly velocity: ServoVelocity | null;
  /** Frames that were left out since the last answer. */
  readonly skipped?: number;
  /** Milliseconds from the arrival of the frame to its answer; of `timeout` those without a frame. */
  readonly totalMs?: number;
  readonly timingsMs?: ServoResult['timingsMs'];
}

const VELOCITY = 16;
const ERROR = 40;
const MATCHES = 44;
const INLIERS = 46;
const SKIPPED = 48;
const TOTAL = 52;
const STAGES = 56;
const STAGE_NAMES = ['decode', 'detect', 'match', 'network'] as const;
const MAX_UINT16 = 65_535;
const MAX_UINT32 = 2 ** 32 - 1;
/** Stages are counted in tenths of a millisecond. */
const TENTHS = 10;

const whole = (value: number, most: number): number => Math.min(most, Math.max(0, Math.round(value)));
/** What is not known is not a number. */
const real = (value: number | null | undefined): number => value ?? NaN;

/**
 * Writes a binary answer: 64 bytes, little-endian.
 *
 * | bytes | content |
 * |---|---|
 * | 0 | version, 1 |
 * | 1 | status: 0 tracking, 1 weak, 2 lost, 3 arrived, 4 timeout, 5 interrupted, 6 error |
 * | 2-3 | confidence, uint16: 65535 is 1 |
 * | 4-7 | sequence number of the frame, uint32 |
 * | 8-15 | capture time of the frame, microseconds, uint64 |
 * | 16-39 | velocity vx vy vz wx wy wz, 6 float32; of the tool where the frame's flags ask for it; zeros without a velocity |
 * | 40-43 | mean distance of the points to their goal, normalised image units, float32; NaN when not known |
 * | 44-45 | matches, uint16 |
 * | 46-47 | matches that agree with one motion, uint16 |
 * | 48-51 | frames skipped since the last answer, uint32 |
 * | 52-55 | milliseconds from the frame's arrival to its answer, float32; of `timeout` the silence; NaN when not known |
 * | 56-63 | tenths of a millisecond of decoding, detecting, matching and network, 4 uint16, at most 65535 |
 *
 * What an error, an interruption or a skipped frame was is said by a JSON message next to it.
 */
export function writeAnswer(answer: StreamAnswer): Uint8Array {
  const message = new Uint8Array(ANSWER_BYTES);
  const view = new DataView(message.buffer);
  view.setUint8(0, STREAM_VERSION);
  view.setUint8(1, ANSWER_STATUS[answer.status]);
  view.setUint16(2, whole((answer.confidence ?? 0) * MAX_UINT16, MAX_UINT16), true);
  view.setUint32(4, answer.sequence, true);
  view.setBigUint64(8, answer.captureTimeMicros, true);
  answer.velocity?.forEach((value, index) => view.setFloat32(VELOCITY + 4 * index, value, true));
  view.setFloat32(ERROR, real(answer.featureError), true);
  view.setUint16(MATCHES, whole(answer.matches ?? 0, MAX_UINT16), true);
  view.setUint16(INLIERS, whole(answer.inliers ?? 0, MAX_UINT16), true);
  view.setUint32(SKIPPED, whole(answer.skipped ?? 0, MAX_UINT32), true);
  view.setFloat32(TOTAL, real(answer.totalMs), true);
  STAGE_NAMES.forEach((stage, index) => {
    const tenths = TENTHS * (answer.timingsMs?.[stage] ?? 0);
    view.setUint16(STAGES + 2 * index, whole(tenths, MAX_UINT16), true);
  });
  return message;
}

/** An answer as it was read; numbers are rounded as they were written. */
export interface ReadAnswer extends Required<Omit<StreamAnswer, 'totalMs'>> {
  readonly velocity: ServoVelocity;
  readonly totalMs: number | null;
}

/** What {@link writeAnswer} wrote, for clients and tests; null for anything else. */
export function readAnswer(message: Uint8Array): ReadAnswer | null {
  if (message.length !== ANSWER_BYTES || message[0] !== STREAM_VERSION) return null;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const status = Object.keys(ANSWER_STATUS).find(
    (name): name is AnswerStatus => name in ANSWER_STATUS && Reflect.get(ANSWER_STATUS, name) === message[1],
  );
  if (status === undefined) return null;
  const known = (value: number): number | null => (Number.isNaN(value) ? null : value);
  const speed = (index: number): number => view.getFloat32(VELOCITY + 4 * index, true);
  const stage = (index: number): number => view.getUint16(STAGES + 2 * index, true) / TENTHS;
  return {
    status,
    confidence: view.getUint16(2, true) / MAX_UINT16,
    sequence: view.getUint32(4, true),
    captureTimeMicros: view.getBigUint64(8, true),
    velocity: [speed(0), speed(1), speed(2), speed(3), speed(4), speed(5)],
    featureError: known(view.getFloat32(ERROR, true)),
    matches: view.getUint16(MATCHES, true),
    inliers: view.getUint16(INLIERS, true),
    skipped: view.getUint32(SKIPPED, true),
    totalMs: known(view.getFloat32(TOTAL, true)),
    timingsMs: { decode: stage(0), detect: stage(1), match: stage(2), network: stage(3) },
  };
}
