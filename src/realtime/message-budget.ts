import { LRUCache } from 'lru-cache';
import { atMostEntries } from '../domain/cache-limits.js';

/** Burst size and sustained rate of messages. */
export interface BudgetLimits {
  readonly burst: number;
  readonly perSecond: number;
}

/** A token bucket for messages. */
export class MessageBudget {
  #tokens: number;
  #updated: number;

  readonly #limits: BudgetLimits;
  readonly #now: () => number;

  constructor(limits: BudgetLimits, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;

    this.#tokens = limits.burst;
    this.#updated = now();
  }

  /** Whether one more message is allowed. */
  take(): boolean {
    const now = this.#now();
    const refilled = this.#tokens + ((now - this.#updated) / 1000) * this.#limits.perSecond;
    this.#tokens = Math.min(this.#limits.burst, refilled);
    this.#updated = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

/** Number of budgets in memory; the least recently used are evicted and start full again. */
const REMEMBERED_USERS = 10_000;

/** One budget for all connections of a user. */
export class UserBudgets {
  readonly #budgets = new LRUCache<string, MessageBudget>(atMostEntries(REMEMBERED_USERS));

  readonly #limits: BudgetLimits;

  constructor(limits: BudgetLimits) {
    this.#limits = limits;
  }

  /** Whether one more message of the user is allowed. */
  take(userId: string): boolean {
    const budget = this.#budgets.get(userId) ?? new MessageBudget(this.#limits);
    this.#budgets.set(userId, budget);
    return budget.take();
  }
}
