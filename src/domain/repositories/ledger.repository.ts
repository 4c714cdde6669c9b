import type { Counted, LedgerFilter, LedgerTotal, OwnedLedgerEntry, Slice } from '../listing.js';
import type {
  LedgerEntry,
  LedgerKind,
  MicroCredits,
  NewPriceVersion,
  PricePreset,
  PricePresetName,
  PriceVersion,
} from '../money.js';

/** Balance and append-only ledger. Every change of the balance writes exactly one row. */
export interface LedgerRepository {
  /**
   * Adds `delta` to the balance of `userId` and appends the row; the balance never becomes negative.
   * @throws AppError INSUFFICIENT_CREDITS with the missing amount in details (credits)
   */
  append(entry: {
    userId: string;
    jobId?: string;
    /** Session of live servoing, instead of a job. */
    sessionId?: string;
    /** Upload in several requests, for its hold and its charge. */
    uploadId?: string;
    kind: LedgerKind;
    amount: MicroCredits;
    delta: MicroCredits;
    description: string;
  }): Promise<LedgerEntry>;
  /**
   * Appends several rows of one account in order, as {@link append}, but all or none.
   * @throws AppError INSUFFICIENT_CREDITS when the balance does not cover their sum
   */
  appendAll(
    userId: string,
    entries: readonly Pick<LedgerEntry, 'kind' | 'amount' | 'delta' | 'description'>[],
  ): Promise<void>;
  listByUser(userId: string, limit: number): Promise<readonly LedgerEntry[]>;
  /** Rows of all users, newest first. */
  page(filter: LedgerFilter, slice: Slice): Promise<Counted<OwnedLedgerEntry>>;
  /** Totals of the matching rows, one for each kind. */
  totals(filter: LedgerFilter): Promise<readonly LedgerTotal[]>;
  /** Sum of all deltas of a user: must equal the balance. */
  sumOfDeltas(userId: string): Promise<MicroCredits>;
}

/** Versioned price presets. */
export interface PriceRepository {
  /** The version of a preset that applies at a time, now unless given. */
  current(preset: PricePresetName, at?: Date): Promise<PricePreset>;
  /** A specific version, for capturing a job that was quoted with it. */
  version(preset: string, version: number): Promise<PricePreset>;
  presets(): Promise<readonly PricePresetName[]>;
  /** Versions of one preset or of all, by the time at which they take effect, newest first. */
  page(preset: PricePresetName | null, slice: Slice): Promise<Counted<PriceVersion>>;
  /** Lets no other transaction add versions until this one ends. */
  lock(): Promise<void>;
  /** Adds a version with the next number. */
  create(version: NewPriceVersion): Promise<PriceVersion>;
}
