import { ipKeyGenerator } from 'express-rate-limit';
import type { RateCountRepository, SharedCounts, TimedCount } from '../domain/rate-count.js';
import { AppError } from '../errors/app-error.js';
import { DatabaseSharedCounts, type SharedCountsOptions } from './shared-counts.js';

const WINDOW_SECONDS = 15 * 60;
/** How long an address is remembered as one from which the account's owner has signed in. */
const KNOWN_ADDRESS_SECONDS = 30 * 24 * 3600;
/**
 * The wider limits are this many times the limit per account: one address may be shared by many users (NAT),
 * and one account may be tried from many addresses.
 */
const WIDE_FACTOR = 10;
/**
 * Retry-After when all remaining attempts are reserved by checks in progress: one of them finishes within
 * about this time.
 */
const CHECK_SECONDS = 1;
/** A count or known address read from the database is reused for this long. */
const FRESH_MS = 5_000;

/** One password check in progress. Exactly one of its methods must be called. */
export interface LoginAttempt {
  /** The password was correct. */
  right(): Promise<void>;
  /** The password was wrong; only this outcome is counted. */
  wrong(): Promise<void>;
  /** The check itself failed, so neither outcome is known. */
  unknown(): void;
}

/** Counts wrong passwords to prevent guessing. */
export interface LoginAttempts {
  /** @throws AppError TOO_MANY_ATTEMPTS when the limit of wrong passwords is reached. */
  requireRoom(email: string, address: string): Promise<void>;
  /**
   * Reserves one attempt before a password is checked, so that concurrent checks cannot exceed the limit
   * together.
   * @throws AppError TOO_MANY_ATTEMPTS.
   */
  begin(email: string, address: string): Promise<LoginAttempt>;
}

/**
 * Counts wrong API keys, refresh tokens, links and codes per address. Generated secrets cannot be guessed, so a right one
 * is accepted also from an address without attempts left: a client that repeats a wrong one must not lock out the others
 * behind the same address.
 */
export interface WrongSecretCounts {
  /**
   * For secrets that could be guessed, and attempts that cost more than a look-up.
   * @throws AppError TOO_MANY_ATTEMPTS when the address has no attempts left.
   */
  requireRoomAt(address: string): Promise<void>;
  /** @throws AppError TOO_MANY_ATTEMPTS when the address had no attempts left before. */
  countWrongSecret(address: string): Promise<void>;
}

interface Limit {
  readonly key: string;
  readonly most: number;
}

/**
 * Counts of wrong passwords, shared by all api processes, each over a window of 15 minutes.
 * Wrong passwords are counted per account and address, per address, and per account. The last two limits are
 * ten times wider and do not apply to an account at an address from which its owner has signed in before, so
 * that neither guessing from elsewhere nor another user at the same address can lock the owner out.
 * Checks in progress are counted per process only, so each additional process may exceed a limit by the
 * number of checks that it runs at a time.
 */
export class SharedLoginAttempts implements LoginAttempts, WrongSecretCounts {
  readonly #now: () => number;
  readonly #wrong: SharedCounts;
  readonly #knownPlaces: SharedCounts;
  /** Checks in progress per count that they may increment. */
  readonly #checking = new Map<string, number>();

  readonly #perAccount: number;

  constructor(
    perAccount: number,
    counts: RateCountRepository,
    options: Pick<SharedCountsOptions, 'now' | 'maxWaitMs'> = {},
  ) {
    this.#perAccount = perAccount;

    this.#now = options.now ?? Date.now;
    const of = (name: string, windowSeconds: number): SharedCounts =>
      new DatabaseSharedCounts(counts, { ...options, name, windowSeconds });
    this.#wrong = of('wrong passwords', WINDOW_SECONDS);
    this.#knownPlaces = of('known places', KNOWN_ADDRESS_SECONDS);
  }

  async requireRoom(email: string, address: string): Promise<void> {
    for (const { key, most } of await this.#limitsOf(email, address)) {
      // The database is read only for counts that look exhausted here, and at most once per FRESH_MS.
      if (this.#wrong.peek(key).points < most) continue;
      const count = await this.#wrong.read(key, FRESH_MS);
      if (count.points >= most) throw this.#tooManyUntil(count);
    }
  }

  async begin(email: string, address: string): Promise<LoginAttempt> {
    const limits = await this.#limitsOf(email, address, { readKnownPlaces: true });
    const counts = await Promise.all(limits.map(({ key }) => this.#wrong.read(key, 0)));
    // No await from here to #reserve, so that concurrent checks cannot take the same attempt.
    const full = limits.findIndex(({ key, most }) => this.#wrong.peek(key).points >= most);
    if (full >= 0) throw this.#tooManyUntil(counts[full]);
    const used = ({ key }: Limit): number => this.#wrong.peek(key).points + (this.#checking.get(key) ?? 0);
    if (limits.some((limit) => used(limit) >= limit.most)) throw tooMany(CHECK_SECONDS);
    this.#reserve(limits, 1);
    const release = (): void => this.#reserve(limits, -1);
    return {
      right: async () => {
        release();
        const place = placeOf(email, address);
        await Promise.all([this.#forgive(place), this.#remember(place)]);
      },
      wrong: async () => {
        const counted = limits.map(({ key }) => this.#wrong.add(key));
        release();
        await Promise.all(counted);
      },
      unknown: release,
    };
  }

  async requireRoomAt(address: string): Promise<void> {
    const { key, most } = this.#secretLimit(address);
    if (this.#wrong.peek(key).points < most) return;
    const count = await this.#wrong.read(key, FRESH_MS);
    if (count.points >= most) throw this.#tooManyUntil(count);
  }

  async countWrongSecret(address: string): Promise<void> {
    await this.requireRoomAt(address);
    const { key, most } = this.#secretLimit(address);
    await this.#wrong.add(key, most);
  }

  #reserve(limits: readonly Limit[], checks: 1 | -1): void {
    for (const { key } of limits) {
      const running = (this.#checking.get(key) ?? 0) + checks;
      if (running > 0) this.#checking.set(key, running);
      else this.#checking.delete(key);
    }
  }

  async #forgive(place: string): Promise<void> {
    if (this.#wrong.peek(place).points > 0) await this.#wrong.remove(place);
  }

  async #remember(place: string): Promise<void> {
    if (this.#knownPlaces.peek(place).points === 0) await this.#knownPlaces.add(place);
  }

  /**
   * @param readKnownPlaces whether to read from the database if the address is known for the account;
   *   otherwise it is read only when a wide limit would reject
   */
  async #limitsOf(
    email: string,
    address: string,
    { readKnownPlaces = false } = {},
  ): Promise<readonly Limit[]> {
    const place = placeOf(email, address);
    const here = { key: place, most: this.#perAccount };
    const most = this.#perAccount * WIDE_FACTOR;
    const wide = [this.#addressLimit(address), { key: `account ${email}`, most }];
    const shouldRead = readKnownPlaces || wide.some(({ key }) => this.#wrong.peek(key).points >= most);
    if (this.#knownPlaces.peek(place).points > 0) return [here];
    const known = shouldRead && (await this.#knownPlaces.read(place, FRESH_MS)).points > 0;
    return known ? [here] : [here, ...wide];
  }

  #addressLimit(address: string): Limit {
    return { key: `address ${networkOf(address)}`, most: this.#perAccount * WIDE_FACTOR };
  }

  /** Apart from passwords, so that a program with an outdated key does not stop people from signing in. */
  #secretLimit(address: string): Limit {
    return { key: `secrets ${networkOf(address)}`, most: this.#perAccount * WIDE_FACTOR };
  }

  #tooManyUntil({ endsAt }: TimedCount): AppError {
    return tooMany((endsAt - this.#now()) / 1000);
  }
}

/** A client usually has a whole IPv6 prefix, so the addresses of one prefix share a count. */
function networkOf(address: string): string {
  return address.includes(':') ? ipKeyGenerator(address) : address;
}

function placeOf(email: string, address: string): string {
  return `place ${networkOf(address)} ${email}`;
}

function tooMany(retryAfterSeconds: number): AppError {
  return new AppError('TOO_MANY_ATTEMPTS', {
    message: 'Too many wrong passwords or other credentials; wait before the next attempt.',
    retryAfterSeconds,
  });
}
