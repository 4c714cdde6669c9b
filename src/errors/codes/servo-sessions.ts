import type { ErrorMeaning } from '../error-kind.js';

/** Codes of sessions of live servoing and of their connections. */
export const SERVO_SESSION_CODES = {
  SERVO_SESSION_ENDED: {
    kind: 'gone',
    title: 'Session has ended',
    hint: 'Open a new session; its `goal` can be that of the ended one.',
  },
  SERVO_SESSION_LOST: {
    kind: 'gone',
    title: 'Session was lost',
    hint: 'The process that served it has ended. Open a new session; its `goal` can be that of the lost one.',
  },
  SERVO_SESSION_ELSEWHERE: {
    kind: 'conflict',
    title: 'Session lives on another instance',
    hint: 'Connect to the address in `location`, or follow the redirect.',
  },
  SERVO_INSTANCE_UNREACHABLE: {
    kind: 'unavailable',
    title: "Session's instance has no address of its own",
    hint: 'Try again; a balancer may lead to the right process. The operator gives each process an `INSTANCE_URL`.',
  },
  TOO_MANY_SERVO_SESSIONS: {
    kind: 'rate_limited',
    title: 'Too many sessions',
    hint: 'End a session first; the message has the limit.',
  },
  SERVO_GOAL_GONE: {
    kind: 'invalid',
    title: 'Goal no longer kept',
    hint: 'Send the image of the goal again.',
  },
  SERVO_FRAME_SKIPPED: {
    kind: 'conflict',
    title: 'Frame skipped',
    hint: 'A newer frame came before this one was computed. Wait for an answer before the next frame.',
  },
  SERVO_STREAM_OPEN: {
    kind: 'conflict',
    title: 'Session has a stream',
    hint: 'Send frames through the stream, or close it first.',
  },
  SERVO_STREAM_REPLACED: {
    kind: 'conflict',
    title: 'Another connection took over',
    hint: 'One connection sends the frames of a session, the one opened last.',
  },
} as const satisfies Readonly<Record<string, ErrorMeaning>>;
