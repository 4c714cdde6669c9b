import type { MicroCredits } from './money.js';

/** What a user used on one day (UTC). */
export interface DailyUsage {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly userId: string;
  /** E-mail of the user; that of a deleted account is a placeholder. */
  readonly email: string;
  /** Jobs that ended. */
  readonly jobs: number;
  /** Images classified or searched for objects, synchronously or by completed jobs of tasks over images alone. */
  readonly images: number;
  /** Frames and images processed by completed jobs of other tasks, and frames answered by live sessions. */
  readonly frames: number;
  /** Captured credits and those paid for uploads. */
  readonly credits: MicroCredits;
  /** Size of uploaded files. */
  readonly bytes: number;
}

/** Days and user of a usage report. */
export interface UsageFilter {
  /** First day, `YYYY-MM-DD`. */
  readonly from: string;
  /** Last day, included. */
  readonly to: string;
  readonly userId?: string;
  /** Tasks whose jobs process images alone. */
  readonly imageTasks: readonly string[];
}

/** Usage per user and day; days without any are left out. */
export interface UsageRepository {
  /** By day, then by e-mail; at most `limit` rows. */
  daily(filter: UsageFilter, limit: number): Promise<readonly DailyUsage[]>;
}
