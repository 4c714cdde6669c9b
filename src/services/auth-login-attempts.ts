import { LRUCache } from 'lru-cache';
import { AppError } from '../errors/app-error.js';

const WINDOW_MS = 15 * 60 * 1000;
/** One address may stand for many users behind it. */
const ADDRESS_FACTOR = 10;
const MAX_TRACKED = 100_000;

/** Counts sign-in attempts so that passwords cannot be guessed. */
export interface LoginAttempts {
  /**
   * Counts one attempt before the password is looked at.
   * @throws AppError TOO_MANY_ATTEMPTS when the account or the address has used up its attempts.
   */
  begin(email: string, address: string): Promise<void>;
  /** Forgets the attempts of an account whose owner has just signed in. */
  succeeded(email: string): Promise<void>;
}

interface Window {
  count: number;
  readonly endsAt: number;
}

/** Counters of one process, for 15 minutes each; oldest ones go first when there are too many. */
export class InMemoryLoginAttempts implements LoginAttempts {
  private readonly windows = new LRUCache<string, Window>({ max: MAX_TRACKED });

  constructor(
    private readonly perAccount: number,
    private readonly now: () => number = Date.now,
  ) {}

  begin(email: string, address: string): Promise<void> {
    const limits: [key: string, limit: number][] = [
      [`account ${email}`, this.perAccount],
      [`address ${address}`, this.perAccount * ADDRESS_FACTOR],
    ];
    const counted = limits.map(([key, limit]) => ({ window: this.window(key), limit }));
    const full = counted.find(({ window, limit }) => window.count >= limit);
    if (full) return Promise.reject(this.tooMany(full.window));
    counted.forEach(({ window }) => (window.count += 1));
    return Promise.resolve();
  }

  succeeded(email: string): Promise<void> {
    this.windows.delete(`account ${email}`);
    return Promise.resolve();
  }

  private window(key: string): Window {
    const known = this.windows.get(key);
    if (known && known.endsAt > this.now()) return known;
    const fresh = { count: 0, endsAt: this.now() + WINDOW_MS };
    this.windows.set(key, fresh);
    return fresh;
  }

  private tooMany(window: Window): AppError {
    return new AppError({
      code: 'TOO_MANY_ATTEMPTS',
      kind: 'rate_limited',
      message: 'Too many sign-in attempts; wait before the next one.',
      retryAfterSeconds: (window.endsAt - this.now()) / 1000,
    });
  }
}
