import { ipKeyGenerator } from 'express-rate-limit';
import { LRUCache } from 'lru-cache';
import { atMostEntries } from '../domain/cache-limits.js';
import { AppError } from '../errors/app-error.js';

const WINDOW_MS = 15 * 60 * 1000;
/** One address may stand for many users behind it, and one account may be tried from many addresses. */
const WIDE_FACTOR = 10;
const MAX_TRACKED = 100_000;
/** Another check of the same account decides within this time whether there is room for one more. */
const CHECK_SECONDS = 1;

/** One password that is being checked. Exactly one of its methods is called. */
export interface LoginAttempt {
  /** The password was right. */
  right(): void;
  /** The password was wrong: the only outcome that counts. */
  wrong(): void;
  /** Nobody knows whether it was right, because the check failed on our side. */
  unknown(): void;
}

/** Counts wrong passwords so that passwords cannot be guessed. */
export interface LoginAttempts {
  /** @throws AppError TOO_MANY_ATTEMPTS when too many passwords were wrong. */
  requireRoom(email: string, address: string): void;
  /**
   * Reserves room for one wrong password, just before it is checked: checks at the same time cannot pass the limit together.
   * @throws AppError TOO_MANY_ATTEMPTS.
   */
  begin(email: string, address: string): LoginAttempt;
}

interface Counter {
  wrong: number;
  checking: number;
  endsAt: number;
}

interface LimitedCounter {
  readonly counter: Counter;
  readonly limit: number;
}

/**
 * Counters of one process, for 15 minutes each; the least recently used ones go first when there are too many.
 *
 * Wrong passwords are counted for the account at one address, for the address, and for the account everywhere. The last two
 * limits are ten times as wide and do not hold for accounts at addresses from which their owners have signed in before:
 * neither guessing from elsewhere nor somebody at the same address locks the owner out.
 */
export class InMemoryLoginAttempts implements LoginAttempts {
  private readonly counters = new LRUCache<string, Counter>(atMostEntries(MAX_TRACKED));
  private readonly knownPlaces = new LRUCache<string, true>(atMostEntries(MAX_TRACKED));

  constructor(
    private readonly perAccount: number,
    private readonly now: () => number = Date.now,
  ) {}

  requireRoom(email: string, address: string): void {
    for (const { counter, limit } of this.limitsOf(email, address)) {
      if (counter.wrong >= limit) throw tooMany((counter.endsAt - this.now()) / 1000);
    }
  }

  begin(email: string, address: string): LoginAttempt {
    this.requireRoom(email, address);
    const limits = this.limitsOf(email, address);
    if (limits.some(({ counter, limit }) => counter.wrong + counter.checking >= limit))
      throw tooMany(CHECK_SECONDS);
    limits.forEach(({ counter }) => (counter.checking += 1));
    const leave = (): void => limits.forEach(({ counter }) => (counter.checking -= 1));
    return {
      right: () => {
        leave();
        const place = placeOf(email, address);
        this.knownPlaces.set(place, true);
        this.counters.delete(place);
      },
      wrong: () => {
        leave();
        limits.forEach(({ counter }) => (counter.wrong += 1));
      },
      unknown: leave,
    };
  }

  private limitsOf(email: string, address: string): readonly LimitedCounter[] {
    const place = placeOf(email, address);
    const wide = this.perAccount * WIDE_FACTOR;
    const here = { counter: this.counter(place), limit: this.perAccount };
    if (this.knownPlaces.has(place)) return [here];
    return [
      here,
      { counter: this.counter(`address ${networkOf(address)}`), limit: wide },
      { counter: this.counter(`account ${email}`), limit: wide },
    ];
  }

  private counter(key: string): Counter {
    const endsAt = this.now() + WINDOW_MS;
    const known = this.counters.get(key);
    if (!known) {
      const fresh = { wrong: 0, checking: 0, endsAt };
      this.counters.set(key, fresh);
      return fresh;
    }
    // The window starts with the first wrong password.
    if (known.endsAt <= this.now() || known.wrong === 0) Object.assign(known, { wrong: 0, endsAt });
    return known;
  }
}

/** One client usually owns a whole IPv6 network, so its addresses count as one. */
function networkOf(address: string): string {
  return address.includes(':') ? ipKeyGenerator(address) : address;
}

function placeOf(email: string, address: string): string {
  return `place ${networkOf(address)} ${email}`;
}

function tooMany(retryAfterSeconds: number): AppError {
  return new AppError('TOO_MANY_ATTEMPTS', {
    message: 'Too many wrong passwords; wait before the next sign-in.',
    retryAfterSeconds,
  });
}
