import bcrypt from 'bcrypt';
import { AppError } from '../errors/app-error.js';
import { validationFailed } from '../errors/common-errors.js';

const MIN_BYTES = 8;
/** bcrypt looks at 72 bytes only; longer passwords are refused instead of cut. */
const MAX_BYTES = 72;
const RUNNING = 2;
const WAITING = 20;

/**
 * Refuses passwords that bcrypt cannot hold or that are too short.
 * @throws AppError PASSWORD_TOO_LONG, PASSWORD_TOO_SHORT or VALIDATION.
 */
export function requireUsablePassword(password: string): void {
  const bytes = Buffer.byteLength(password, 'utf8');
  if (password.includes('\0')) {
    throw validationFailed([{ pointer: '/password', message: 'holds a NUL character', code: 'MALFORMED' }]);
  }
  if (bytes >= MIN_BYTES && bytes <= MAX_BYTES) return;
  const tooLong = bytes > MAX_BYTES;
  const code = tooLong ? 'PASSWORD_TOO_LONG' : 'PASSWORD_TOO_SHORT';
  const message = `The password has ${bytes} bytes; it must have ${MIN_BYTES} to ${MAX_BYTES}.`;
  throw new AppError({ code, kind: 'malformed', message, issues: [{ pointer: '/password', message, code }] });
}

/**
 * Hashes and compares passwords, two at a time: bcrypt shares the thread pool with
 * all file access, and a flood of logins must not stop downloads.
 */
export class PasswordHasher {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  private decoy: Promise<string> | null = null;

  constructor(private readonly rounds: number) {}

  /** bcrypt hash. @throws AppError BUSY when too many wait already. */
  hash(password: string): Promise<string> {
    return this.limited(() => bcrypt.hash(password, this.rounds));
  }

  /** Whether `password` has this hash; a password that bcrypt would cut never matches. */
  async matches(password: string, hash: string): Promise<boolean> {
    const equal = await this.limited(() => bcrypt.compare(password, hash));
    return equal && Buffer.byteLength(password, 'utf8') <= MAX_BYTES;
  }

  /** Takes the time of a comparison: for users that do not exist. */
  async matchesNobody(password: string): Promise<false> {
    this.decoy ??= bcrypt.hash('nobody has this password', this.rounds);
    await this.matches(password, await this.decoy);
    return false;
  }

  private async limited<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.running >= RUNNING) await this.queueUp();
    else this.running += 1;
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }

  private queueUp(): Promise<void> {
    if (this.waiting.length >= WAITING) {
      throw new AppError({
        code: 'BUSY',
        kind: 'unavailable',
        message: 'Too many sign-ins are being checked at the moment.',
        retryAfterSeconds: 2,
      });
    }
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}
