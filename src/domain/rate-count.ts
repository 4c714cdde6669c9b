/** A count within its current window. */
export interface RateCount {
  readonly points: number;
  /** Milliseconds until the window ends. */
  readonly endsInMs: number;
}

/** Counts with an expiry, in the database. */
export interface RateCountRepository {
  /** Adds to a count; a new or expired one starts a window of the given number of seconds. */
  add(key: string, points: number, seconds: number): Promise<RateCount>;
  /** `null` when there is no count or it has expired. */
  find(key: string): Promise<RateCount | null>;
  remove(key: string): Promise<void>;
}

/** A count with its expiry, in milliseconds since 1970. */
export interface TimedCount {
  readonly points: number;
  readonly endsAt: number;
}

/** Counts of one kind shared by several processes. No method fails or blocks for long when the database does. */
export interface SharedCounts {
  /** The locally known count, without a query. */
  peek(key: string): TimedCount;
  /** Reads a count; cached for `maxAgeMs` milliseconds. */
  read(key: string, maxAgeMs: number): Promise<TimedCount>;
  /**
   * Adds one.
   * @returns the count including this one
   * @param settledFrom below this count, the answer does not wait for the share of other processes
   */
  add(key: string, settledFrom?: number): Promise<TimedCount>;
  /** Removes a count; other processes notice when they read it again. */
  remove(key: string): Promise<void>;
}
