import type { LimitOverrides, UploadUsage, Usage } from '../quota.js';

/** An upload that is being received. */
export interface UploadReservation {
  readonly id: string;
  readonly userId: string;
  readonly bytes: number;
  /** Some minutes unless given. */
  readonly lifetimeMs?: number;
}

/** Limits of single users and what users have used. */
export interface QuotaRepository {
  /** `null` when the settings apply to the user. */
  overrides(userId: string): Promise<LimitOverrides | null>;
  /** Changes the given limits. */
  setOverrides(userId: string, changes: Partial<LimitOverrides>): Promise<LimitOverrides>;
  usage(userId: string): Promise<Usage>;
  /**
   * Uploads of a user, locked until the transaction ends, so that concurrent ones are checked one after the other.
   * Needs a transaction.
   * @param exceptReservation a reservation that does not count
   */
  lockUsage(userId: string, exceptReservation?: string): Promise<UploadUsage>;
  /** Records an upload that is being received. */
  reserve(reservation: UploadReservation): Promise<void>;
  /** Keeps reservations for some more minutes. */
  renew(ids: readonly string[]): Promise<void>;
  /** No effect when it does not exist. */
  release(id: string): Promise<void>;
  /** Counts a finished upload. */
  addUploaded(userId: string, bytes: number): Promise<void>;
}
