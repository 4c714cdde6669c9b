import bcrypt from 'bcrypt';
import { canonicalPassword } from '../domain/canonical-text.js';
import { AppError } from '../errors/app-error.js';
import { validationFailed } from '../errors/common-errors.js';
import { AdmissionQueue, type AdmissionLimits } from './admission-queue.js';

const MIN_BYTES = 8;
/** bcrypt looks at 72 bytes only; longer passwords are refused instead of cut. */
const MAX_BYTES = 72;

/**
 * Refuses passwords that bcrypt cannot hold, that are too short, or that hold what no keyboard types. Lengths are those of
 * the canonical form, which is what is hashed.
 * @throws AppError PASSWORD_TOO_LONG, PASSWORD_TOO_SHORT or VALIDATION.
 */
export function requireUsablePassword(password: string): void {
  const bytes = Buffer.byteLength(canonicalPassword(password), 'utf8');
  if (/\p{Cc}/u.test(password)) {
    throw validationFailed([
      { pointer: '/password', message: 'holds a control character', code: 'MALFORMED' },
    ]);
  }
  if (bytes >= MIN_BYTES && bytes <= MAX_BYTES) return;
  const tooLong = bytes > MAX_BYTES;
  const code = tooLong ? 'PASSWORD_TOO_LONG' : 'PASSWORD_TOO_SHORT';
  const message = `The password has ${bytes} bytes; it must have ${MIN_BYTES} to ${MAX_BYTES}.`;
  throw new AppError(code, { message, issues: [{ pointer: '/password', message, code }] });
}

/** Checks at sign-in. bcrypt shares the thread pool with all file access: a flood of sign-ins must not stop downloads. */
const CHECKING: AdmissionLimits = { running: 2, waiting: 256, waitingPerKey: 64, maxWaitMs: 15_000 };
/** New passwords have their own queue, so registrations never delay sign-ins. */
const HASHING: AdmissionLimits = { running: 1, waiting: 128, waitingPerKey: 64, maxWaitMs: 20_000 };

/** Hashes and compares passwords, a few at a time; callers of different keys take turns. */
export class PasswordHasher {
  readonly #checking: AdmissionQueue;
  readonly #hashing: AdmissionQueue;
  #decoy: Promise<string> | null = null;

  readonly #rounds: number;

  constructor(
    rounds: number,
    limits: { readonly checking?: AdmissionLimits; readonly hashing?: AdmissionLimits } = {},
  ) {
    this.#rounds = rounds;

    this.#checking = new AdmissionQueue(limits.checking ?? CHECKING, () => busy('sign-ins'));
    this.#hashing = new AdmissionQueue(limits.hashing ?? HASHING, () => busy('new passwords'));
  }

  /**
   * bcrypt hash.
   * @param key who asks, such as an address
   * @throws AppError BUSY when too many wait already.
   */
  hash(password: string, key = ''): Promise<string> {
    return this.#hashing.run(key, () => bcrypt.hash(canonicalPassword(password), this.#rounds));
  }

  /**
   * Whether `password` has this hash; a password that bcrypt would cut never matches.
   * @throws AppError BUSY, or what `onTurn` throws.
   */
  async matches(password: string, hash: string, { key = '', onTurn }: CheckOptions = {}): Promise<boolean> {
    return this.#checking.run(key, async () => {
      await onTurn?.();
      return (await this.#compare(canonicalPassword(password), hash)) || this.#hashedAsTyped(password, hash);
    });
  }

  /** Whether a password that matches was hashed as it was typed, by an earlier version. */
  async isOutdated(password: string, hash: string): Promise<boolean> {
    return this.#checking.run('', () => this.#hashedAsTyped(password, hash));
  }

  async #hashedAsTyped(password: string, hash: string): Promise<boolean> {
    return canonicalPassword(password) !== password && (await this.#compare(password, hash));
  }

  async #compare(password: string, hash: string): Promise<boolean> {
    return (await bcrypt.compare(password, hash)) && Buffer.byteLength(password, 'utf8') <= MAX_BYTES;
  }

  /** Takes the time of a comparison: for users that do not exist. */
  async matchesNobody(password: string, options: CheckOptions = {}): Promise<false> {
    this.#decoy ??= bcrypt.hash('nobody has this password', this.#rounds);
    await this.matches(password, await this.#decoy, options);
    return false;
  }
}

/** How a password is checked. */
export interface CheckOptions {
  /** Who asks, such as an address. */
  readonly key?: string;
  /** Runs when the check leaves the queue; what it throws refuses the check. */
  readonly onTurn?: () => void | Promise<void>;
}

function busy(what: string): AppError {
  return new AppError('BUSY', {
    message: `Too many ${what} are being processed at the moment; try again in a few seconds.`,
    retryAfterSeconds: 2,
  });
}
