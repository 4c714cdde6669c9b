import type { MicroCredits } from './money.js';
import type { ServoGoalReport, ServoSetup } from './servo.js';

/** States of a session: its engine answers, its engine is being replaced, it is over. */
export const SERVO_SESSION_STATUSES = ['active', 'interrupted', 'ended'] as const;
/** See {@link SERVO_SESSION_STATUSES}. */
export type ServoSessionStatus = (typeof SERVO_SESSION_STATUSES)[number];

/**
 * Why a session ended: the client closed it, no frame came for its idle time, all its frames were answered, its engine
 * could not be replaced, the server was stopped, the server was lost, the account was deleted.
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

/** Where the goal of a session can be found again. */
export type ServoGoalReference =
  | { readonly kind: 'image'; readonly sha256: string }
  | { readonly kind: 'media'; readonly mediaId: string; readonly frame: number };

/** The api process that a session lives in, and the address at which it can be reached. */
export interface ServoInstance {
  /** Of one process: a restarted one has another. */
  readonly id: string;
  readonly url: string;
}

/** One session of live servoing. */
export interface ServoSession {
  readonly id: string;
  readonly userId: string;
  readonly status: ServoSessionStatus;
  readonly endReason: ServoEndReason | null;
  readonly instance: ServoInstance;
  /** Until when the instance is believed to live; null once the session has ended. */
  readonly leaseExpiresAt: Date | null;
  readonly setup: ServoSetup;
  readonly goalSource: ServoGoalReference;
  readonly goal: ServoGoalReport;
  /** Time without a frame after which the session ends. */
  readonly idleTimeoutMs: number;
  /** Time without a frame after which the client is sent a zero velocity. */
  readonly watchdogMs: number;
  readonly maxFrames: number;
  /** Frames that were answered, each of which is charged. */
  readonly framesAnswered: number;
  /** Frames that were left out for newer ones. */
  readonly framesSkipped: number;
  /** Engines that were replaced. */
  readonly restarts: number;
  readonly pricePreset: string;
  readonly priceVersion: number;
  readonly held: MicroCredits;
  readonly captured: MicroCredits;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
}

/** What changes while a session lives. */
export type ServoSessionProgress = Pick<
  ServoSession,
  'id' | 'status' | 'framesAnswered' | 'framesSkipped' | 'restarts'
>;
