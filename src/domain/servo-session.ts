import type { MicroCredits } from './money.js';
import type { ServoGoalReport, ServoSetup } from './servo.js';

/** Session states: the engine responds; the engine is being replaced; the session has ended. */
export const SERVO_SESSION_STATUSES = ['active', 'interrupted', 'ended'] as const;
/** See {@link SERVO_SESSION_STATUSES}. */
export type ServoSessionStatus = (typeof SERVO_SESSION_STATUSES)[number];

/**
 * Reasons for the end of a session: closed by the client, no frame within the idle time, maximum number of frames
 * reached, engine could not be replaced, server shut down, server crashed, account deleted.
 */
export const SERVO_END_REASONS = [
  'closed',
  'idle',
  'frames',
  'engine',
  'shutdown',
  'lost',
  'account',
] as const;
/** See {@link SERVO_END_REASONS}. */
export type ServoEndReason = (typeof SERVO_END_REASONS)[number];

/**
 * Why a recording stopped before its session: its maximum size, the storage that was left to its user, its maximum number
 * of frames, or an unwritable disk.
 */
export const RECORDING_STOPS = ['size', 'quota', 'frames', 'disk'] as const;
/** See {@link RECORDING_STOPS}. */
export type RecordingStop = (typeof RECORDING_STOPS)[number];

/** Reference to the goal image of a session. */
export type ServoGoalReference =
  | { readonly kind: 'image'; readonly sha256: string }
  | { readonly kind: 'media'; readonly mediaId: string; readonly frame: number };

/** The api process that runs a session, and its URL. */
export interface ServoInstance {
  /** Changes when the process is restarted. */
  readonly id: string;
  readonly url: string;
}

/**
 * Name of the database connection by which an api process shows that it lives: the server closes it as soon as the process
 * is gone, so that others need not wait for the end of a lease.
 */
export const presenceName = (instanceId: string): string => `${PRESENCE_PREFIX}${instanceId}`;
/** See {@link presenceName}. */
export const PRESENCE_PREFIX = 'infernode-events ';

/** One session of live servoing. */
export interface ServoSession {
  readonly id: string;
  readonly userId: string;
  readonly status: ServoSessionStatus;
  readonly endReason: ServoEndReason | null;
  readonly instance: ServoInstance;
  /** End of the instance's lease; null after the end of the session. */
  readonly leaseExpiresAt: Date | null;
  readonly setup: ServoSetup;
  readonly goalSource: ServoGoalReference;
  readonly goal: ServoGoalReport;
  /** Time without a frame after which the session ends. */
  readonly idleTimeoutMs: number;
  /** Time without a frame after which the client is sent a zero velocity. */
  readonly watchdogMs: number;
  readonly maxFrames: number;
  /** Whether the session ends as a job. */
  readonly record: boolean;
  /** Why the recording stopped before the session; null while it goes on, and if it did not. */
  readonly recordStopped: RecordingStop | null;
  /**
   * Storage of the user that the recording takes: what it may become, then what it became. It counts until the job of the
   * session has ended.
   */
  readonly recordingBytes: number;
  /** The job that the session ended as; null before the end, and if there is none. */
  readonly jobId: string | null;
  /** Frames with a response; each is charged. */
  readonly framesAnswered: number;
  /** Frames dropped in favour of newer ones. */
  readonly framesSkipped: number;
  /** Number of replaced engines. */
  readonly restarts: number;
  readonly pricePreset: string;
  readonly priceVersion: number;
  readonly held: MicroCredits;
  readonly captured: MicroCredits;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
}

/** Fields that change during a session. */
export type ServoSessionProgress = Pick<
  ServoSession,
  'id' | 'status' | 'framesAnswered' | 'framesSkipped' | 'restarts'
>;
