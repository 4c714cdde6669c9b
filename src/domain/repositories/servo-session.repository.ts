import type {
  ServoEndReason,
  ServoSession,
  ServoSessionProgress,
  ServoSessionStatus,
} from '../servo-session.js';
import type { MicroCredits } from '../money.js';
import type { Page, PageRequest } from './pages.js';

/** What creates a session. */
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
  | 'pricePreset'
  | 'priceVersion'
  | 'held'
> & { readonly leaseMs: number };

/** Which sessions of a user to list; what is left out does not filter. */
export interface ServoSessionFilter extends PageRequest {
  readonly userId: string;
  readonly status?: readonly ServoSessionStatus[];
}

/** How a session ended. */
export interface ServoSessionEnd {
  readonly reason: ServoEndReason;
  readonly framesAnswered: number;
  readonly framesSkipped: number;
  readonly captured: MicroCredits;
}

/** A session that nobody keeps alive any more. */
export interface AbandonedServoSession {
  readonly id: string;
  readonly leaseExpiresAt: Date;
  /** `lost` for a lease that ran out, `account` for a deleted user. */
  readonly reason: Extract<ServoEndReason, 'lost' | 'account'>;
}

/** Sessions of live servoing and the images of their goals. */
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
   * Records how far sessions of an instance are and renews their leases, all in one statement; counts never fall.
   * @returns ids of those that still belong to the instance and have not ended
   */
  renew(
    instanceId: string,
    leaseMs: number,
    sessions: readonly ServoSessionProgress[],
  ): Promise<ReadonlySet<string>>;
  /** The row under FOR UPDATE, or null. */
  lock(id: string): Promise<ServoSession | null>;
  /** Ends a session; null when it had ended already. */
  end(id: string, end: ServoSessionEnd): Promise<ServoSession | null>;
  /** Sessions whose lease ran out, or whose user was deleted. */
  findAbandoned(limit: number): Promise<readonly AbandonedServoSession[]>;
  /** Keeps the image of a goal for later sessions of the user; the ones used least recently go, so that `most` are left. */
  keepGoal(userId: string, goal: { sha256: string; image: Uint8Array }, most: number): Promise<void>;
  /** The image of a goal; null when it was not kept. */
  findGoal(userId: string, sha256: string): Promise<Uint8Array | null>;
  /** Removes all images of goals of a user. */
  removeGoals(userId: string): Promise<void>;
}
