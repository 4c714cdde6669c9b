import bcrypt from 'bcrypt';
import { canonicalPassword } from '../domain/canonical-text.js';
import { AppError } from '../errors/app-error.js';
import { validationFailed } from '../errors/common-errors.js';
import { AdmissionQueue, type AdmissionLimits } from './admission-queue.js';

const MIN_BYTES = 8;
/** bcrypt reads only the first 72 bytes; longer passwords are rejected instead of truncated. */
const MAX_BYTES = 72;

/**
 * Rejects passwords that are too long for bcrypt, too short, or contain control characters. Lengths are
 * measured on the canonical form, which is what gets hashed.
 * @throws AppError PASSWORD_TOO_LONG, PASSWORD_TOO_SHORT or VALIDATION.
 */
export function requireUsablePassword(password: string, pointer = '/password'): void {
  const bytes = Buffer.byteLength(canonicalPassword(password), 'utf8');
  if (/\p{Cc}/u.test(password)) {
    throw validationFailed([{ pointer, message: 'contains a control character', code: 'MALFORMED' }]);
  }
  if (bytes >= MIN_BYTES && bytes <= MAX_BYTES) return;
  const tooLong = bytes > MAX_BYTES;
  const code = tooLong ? 'PASSWORD_TOO_LONG' : 'PASSWORD_TOO_SHORT';
  const message = `The password has ${bytes} bytes; it must have ${MIN_BYTES} to ${MAX_BYTES}.`;
  throw new AppError(code, { message, issues: [{ pointer, message, code }] });
}

/**
 * Limits for checks at sign-in. bcrypt runs on the libuv thread pool, which also serves all file access, so a
 * flood of sign-ins must not occupy every thread.
 */
const CHECKING: AdmissionLimits = { running: 2, waiting: 256, waitingPerKey: 64, maxWaitMs: 15_000 };
/** New passwords use their own queue, so that registrations never delay sign-ins. */
const HASHING: AdmissionLimits = { running: 1, waiting: 128, waitingPerKey: 64, maxWaitMs: 20_000 };

/** Hashes and compares passwords with bounded concurrency and fair queueing between keys. */
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
   * Hashes with bcrypt.
   * @param key identifies the caller for fair queueing, such as a network address
   * @throws AppError BUSY when too many callers are waiting.
   */
  hash(password: string, key = ''): Promise<string> {
    return this.#hashing.run(key, () => bcrypt.hash(canonicalPassword(password), this.#rounds));
  }

  /**
   * Whether `password` matches the hash. A password longer than 72 bytes never matches.
   * @throws AppError BUSY, or what `onTurn` throws.
   */
  async matches(password: string, hash: string, { key = '', onTurn }: CheckOptions = {}): Promise<boolean> {
    return this.#checking.run(key, async () => {
      await onTurn?.();
      return (await this.#compare(canonicalPassword(password), hash)) || this.#hashedAsTyped(password, hash);
    });
  }

  /** Whether a matching password was hashed as typed, not in canonical form, which earlier versions did. */
  async isOutdated(password: string, hash: string): Promise<boolean> {
    return this.#checking.run('', () => this.#hashedAsTyped(password, hash));
  }

  async #hashedAsTyped(password: string, hash: string): Promise<boolean> {
    return canonicalPassword(password) !== password && (await this.#compare(password, hash));
  }

  async #compare(password: string, hash: string): Promise<boolean> {
    return (await bcrypt.compare(password, hash)) && Buffer.byteLength(password, 'utf8') <= MAX_BYTES;
  }

  /**
   * Takes as long as a real comparison. Called for unknown users, so that the response time does not reveal
   * them.
   */
  async matchesNobody(password: string, options: CheckOptions = {}): Promise<false> {
    this.#decoy ??= bcrypt.hash('nobody has this password', this.#rounds);
    await this.matches(password, await this.#decoy, options);
    return false;
  }
}

/** Options of a password check. */
export interface CheckOptions {
  /** Identifies the caller for fair queueing, such as a network address. */
  readonly key?: string;
  /** Runs when the check leaves the queue; throwing rejects the check. */
  readonly onTurn?: () => void | Promise<void>;
}

function busy(what: string): AppError {
  return new AppError('BUSY', {
    message: `Too many ${what} are being processed at the moment; try again in a few seconds.`,
    retryAfterSeconds: 2,
  });
}
