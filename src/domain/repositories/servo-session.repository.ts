import type {
  RecordingStop,
  ServoEndReason,
  ServoSession,
  ServoSessionProgress,
  ServoSessionStatus,
} from '../servo-session.js';
import type { MicroCredits } from '../money.js';
import type { Page, PageRequest } from './pages.js';

/** Fields of a new session. */
export type NewServoSession = Pick<
  ServoSession,
  | 'id'
  | 'userId'
  | 'instance'
  | 'setup'
  | 'goalSource'
  | 'goal'
  | 'idleTimeoutMs'
  | 'watchdogMs'
  | 'maxFrames'
  | 'record'
  | 'recordingBytes'
  | 'pricePreset'
  | 'priceVersion'
  | 'held'
> & { readonly leaseMs: number };

/** Filter of a list of sessions; omitted fields do not filter. */
export interface ServoSessionFilter extends PageRequest {
  readonly userId: string;
  readonly status?: readonly ServoSessionStatus[];
}

/** Final values of a session. */
export interface ServoSessionEnd {
  readonly reason: ServoEndReason;
  readonly framesAnswered: number;
  readonly framesSkipped: number;
  readonly captured: MicroCredits;
  readonly recordStopped: RecordingStop | null;
  readonly recordingBytes: number;
  readonly jobId: string | null;
}

/** A session without a living process or account. */
export interface AbandonedServoSession {
  readonly id: string;
  readonly leaseExpiresAt: Date;
  /** `lost` for a process that is gone or silent, `account` for a deleted user. */
  readonly reason: Extract<ServoEndReason, 'lost' | 'account'>;
}

/** When a process that is not connected to the database is gone for good. */
export interface GoneProcess {
  /** Milliseconds that its leases still run at most. */
  readonly unspentMs: number;
  /** Milliseconds for which the database server has been up at least: after its restart, processes have to connect again. */
  readonly serverUpMs: number;
}

/** Sessions of live servoing, and their goal images. */
export interface ServoSessionRepository {
  create(session: NewServoSession): Promise<ServoSession>;
  findById(id: string): Promise<ServoSession | null>;
  /** @throws AppError NOT_FOUND, also for another user's session. */
  requireOwned(id: string, userId: string): Promise<ServoSession>;
  /** Newest first. */
  list(filter: ServoSessionFilter): Promise<Page<ServoSession>>;
  /** Sessions of a user that have not ended. */
  countLive(userId: string): Promise<number>;
  /**
   * Updates the counts of an instance's sessions and renews their leases in one statement; counts never decrease.
   * @returns ids of the sessions that still belong to the instance and have not ended
   */
  renew(
    instanceId: string,
    leaseMs: number,
    sessions: readonly ServoSessionProgress[],
  ): Promise<ReadonlySet<string>>;
  /** Reads the row FOR UPDATE, or null. */
  lock(id: string): Promise<ServoSession | null>;
  /** Ends a session; null if it has already ended. */
  end(id: string, end: ServoSessionEnd): Promise<ServoSession | null>;
  /** Sessions whose lease has expired, whose user was deleted, or whose process is gone. */
  findAbandoned(limit: number, gone: GoneProcess): Promise<readonly AbandonedServoSession[]>;
  /** Whether the api process with this id is connected to the database. */
  isConnected(instanceId: string): Promise<boolean>;
  /**
   * Stores a goal image for later sessions of the user, and deletes the least recently used ones so that `most` remain.
   */
  keepGoal(userId: string, goal: { sha256: string; image: Uint8Array }, most: number): Promise<void>;
  /** The goal image; null if it is not stored. */
  findGoal(userId: string, sha256: string): Promise<Uint8Array | null>;
  /** Deletes all goal images of a user. */
  removeGoals(userId: string): Promise<void>;
}
