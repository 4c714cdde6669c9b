import { ipKeyGenerator } from 'express-rate-limit';
import type { RateCountRepository, SharedCounts, TimedCount } from '../domain/rate-count.js';
import { AppError } from '../errors/app-error.js';
import { DatabaseSharedCounts, type SharedCountsOptions } from './shared-counts.js';

const WINDOW_SECONDS = 15 * 60;
/** For so long an address stays one at which an account's owner has signed in. */
const KNOWN_SECONDS = 30 * 24 * 3600;
/** One address may stand for many users behind it, and one account may be tried from many addresses. */
const WIDE_FACTOR = 10;
/** Another check of the same account decides within this time whether there is room for one more. */
const CHECK_SECONDS = 1;
/** Who is refused, or at a new address, is not looked up again for so long. */
const FRESH_MS = 5_000;

/** One password that is being checked. Exactly one of its methods is called. */
export interface LoginAttempt {
  /** The password was right. */
  right(): Promise<void>;
  /** The password was wrong: the only outcome that counts. */
  wrong(): Promise<void>;
  /** Nobody knows whether it was right, because the check failed on our side. */
  unknown(): void;
}

/** Counts wrong passwords so that passwords cannot be guessed. */
export interface LoginAttempts {
  /** @throws AppError TOO_MANY_ATTEMPTS when too many passwords were wrong. */
  requireRoom(email: string, address: string): Promise<void>;
  /**
   * Reserves room for one wrong password, just before it is checked: checks at the same time cannot pass the limit together.
   * @throws AppError TOO_MANY_ATTEMPTS.
   */
  begin(email: string, address: string): Promise<LoginAttempt>;
}

interface Limit {
  readonly key: string;
  readonly most: number;
}

/**
 * Counts that all api processes share, for 15 minutes each.
 *
 * Wrong passwords are counted for the account at one address, for the address, and for the account everywhere. The last two
 * limits are ten times as wide and do not hold for accounts at addresses at which their owners have signed in before:
 * neither guessing from elsewhere nor somebody at the same address locks the owner out.
 *
 * Checks that run are known to their own process only: each further process may pass a limit by as many as it runs at a time.
 */
export class SharedLoginAttempts implements LoginAttempts {
  readonly #now: () => number;
  readonly #wrong: SharedCounts;
  readonly #knownPlaces: SharedCounts;
  /** Passwords that are being checked, by the counts that they may raise. */
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
    this.#knownPlaces = of('known places', KNOWN_SECONDS);
  }

  async requireRoom(email: string, address: string): Promise<void> {
    for (const { key, most } of await this.#limitsOf(email, address)) {
      // Only what is known to be full is asked about, and not again and again.
      if (this.#wrong.peek(key).points < most) continue;
      const count = await this.#wrong.read(key, FRESH_MS);
      if (count.points >= most) throw this.#tooManyUntil(count);
    }
  }

  async begin(email: string, address: string): Promise<LoginAttempt> {
    const limits = await this.#limitsOf(email, address, { asked: true });
    const counts = await Promise.all(limits.map(({ key }) => this.#wrong.read(key, 0)));
    // From here to the reservation nothing else runs.
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

  /** @param asked whether a place that this process does not know is looked up; else only where a wide limit would refuse */
  async #limitsOf(email: string, address: string, { asked = false } = {}): Promise<readonly Limit[]> {
    const place = placeOf(email, address);
    const here = { key: place, most: this.#perAccount };
    const most = this.#perAccount * WIDE_FACTOR;
    const wide = [
      { key: `address ${networkOf(address)}`, most },
      { key: `account ${email}`, most },
    ];
    const matters = asked || wide.some(({ key }) => this.#wrong.peek(key).points >= most);
    if (this.#knownPlaces.peek(place).points > 0) return [here];
    const known = matters && (await this.#knownPlaces.read(place, FRESH_MS)).points > 0;
    return known ? [here] : [here, ...wide];
  }

  #tooManyUntil({ endsAt }: TimedCount): AppError {
    return tooMany((endsAt - this.#now()) / 1000);
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
