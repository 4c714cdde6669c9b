import type { SharedCounts } from '../domain/rate-count.js';

/** What an account may send in each window, over all its connections and all api processes. */
export interface AccountLimit {
  /** Name of the counts. */
  readonly name: string;
  readonly windowSeconds: number;
  readonly most: number;
}

/** Opens the counts of a limit, which all api processes share. */
export type OpenCounts = (limit: Pick<AccountLimit, 'name' | 'windowSeconds'>) => SharedCounts;

/** Counts what accounts send. */
export class AccountBudgets {
  readonly #counts: SharedCounts;
  readonly #most: number;

  constructor({ most, ...counted }: AccountLimit, open: OpenCounts) {
    this.#counts = open(counted);
    this.#most = most;
  }

  /**
   * Whether the account may send one more. It does not wait for the counts of other processes, so that it may exceed the
   * limit by what these count within a moment.
   */
  take(userId: string): boolean {
    if (this.#counts.peek(userId).points >= this.#most) return false;
    void this.#counts.add(userId, Infinity);
    return true;
  }
}

/** The mean rate of a limit, for messages. */
export const perSecond = ({ most, windowSeconds }: AccountLimit): string => String(most / windowSeconds);
