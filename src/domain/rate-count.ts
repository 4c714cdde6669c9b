/** How often something happened since its count began. */
export interface RateCount {
  readonly points: number;
  /** Milliseconds until the count starts again. */
  readonly endsInMs: number;
}

/** Counts that end by themselves, in the database. */
export interface RateCountRepository {
  /** Adds to a count; one that has ended, or is new, starts again and ends after so many seconds. */
  add(key: string, points: number, seconds: number): Promise<RateCount>;
  /** Null where nothing was counted, or the count has ended. */
  find(key: string): Promise<RateCount | null>;
  remove(key: string): Promise<void>;
}

/** A count with the time at which it ends, in milliseconds since 1970. */
export interface TimedCount {
  readonly points: number;
  readonly endsAt: number;
}

/** Counts of one kind that several processes share. Nothing here fails or waits long when the database does. */
export interface SharedCounts {
  /** What is known of a count, without asking. */
  peek(key: string): TimedCount;
  /** What a count is; not asked again for so many milliseconds. */
  read(key: string, maxAgeMs: number): Promise<TimedCount>;
  /**
   * Adds one. @returns the count with this one as its last
   * @param settledFrom below so many points the answer does not wait for the other processes' share
   */
  add(key: string, settledFrom?: number): Promise<TimedCount>;
  /** Forgets a count, in all processes that read it again. */
  remove(key: string): Promise<void>;
}
