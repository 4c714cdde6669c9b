import type { ServoAnswer, ServoEvent } from '../../domain/servo-event.js';
import type { ServoSession } from '../../domain/servo-session.js';
import type { AppError } from '../../errors/app-error.js';
import { ERROR_CODES } from '../../errors/codes.js';

/** Standing still: what a client gets where there is no velocity. */
const ZERO = [0, 0, 0, 0, 0, 0];

const rounded = (milliseconds: number): number => Math.round(milliseconds * 1000) / 1000;

/** What is said of one frame, as JSON. */
export function velocityMessage({ frame, result, queueMs, totalMs, skipped }: ServoAnswer) {
  const { velocity, velocityTool, status, reason, keypoints, matches, inliers, confidence } = result;
  const { decode, detect, match, network } = result.timingsMs;
  return {
    type: 'velocity',
    seq: frame.sequence,
    captureTimeUs: String(frame.captureTimeMicros),
    velocity: velocity ?? ZERO,
    velocityTool: velocity ? velocityTool : velocityTool && ZERO,
    status,
    reason,
    keypoints,
    matches,
    inliers,
    error: result.featureError,
    confidence,
    timingsMs: {
      queue: rounded(queueMs),
      decode: rounded(decode),
      detect: rounded(detect),
      match: rounded(match),
      network: rounded(network),
      total: rounded(totalMs),
    },
    skipped,
  };
}

/** An error as a message: what the problem details of an HTTP answer say of it. */
export function errorMessage(error: AppError, sequence?: number) {
  const { code, message, kind } = error;
  const location: unknown = error.details.location;
  return {
    type: 'error',
    error: {
      code,
      title: ERROR_CODES[code].title,
      detail: kind === 'internal' ? 'Something went wrong on our side.' : message,
      ...(typeof location === 'string' && { location }),
    },
    ...(sequence !== undefined && { seq: sequence }),
  };
}

/** An event of a session as JSON. Wherever no velocity follows, the zero velocity comes along. */
export function eventMessage(event: ServoEvent, present: (session: ServoSession) => object): object {
  switch (event.type) {
    case 'velocity':
      return velocityMessage(event.answer);
    case 'error':
      return errorMessage(event.error, event.sequence);
    case 'skipped':
    case 'resumed':
      return event;
    case 'timeout':
      return { type: 'timeout', velocity: ZERO, status: 'timeout', silentMs: Math.round(event.silentMs) };
    case 'interrupted':
      return { type: 'interrupted', velocity: ZERO, status: 'interrupted' };
    case 'ended':
      return { type: 'ended', velocity: ZERO, session: present(event.session) };
  }
}
