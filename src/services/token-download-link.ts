import { createHmac, timingSafeEqual } from 'node:crypto';
import { AppError } from '../errors/app-error.js';

/** Lifetime of a signed link in seconds. */
const LINK_SECONDS = 15 * 60;

/** The three query parameters that sign a path. */
export interface LinkSignature {
  readonly expires: string;
  readonly user: string;
  readonly signature: string;
}

/** The same error for every invalid link, so that it does not reveal what is wrong. */
export const invalidLink = (): AppError =>
  new AppError('INVALID_LINK', {
    message: 'This download link is not valid or has expired; fetch the result again for a new one.',
  });

/** Signs and verifies expiring links. Each is bound to GET, its path, its user and its expiry. */
export class DownloadLinks {
  readonly #key: Buffer;
  readonly #now: () => Date;

  constructor(key: Buffer, now: () => Date = () => new Date()) {
    this.#key = key;
    this.#now = now;
  }

  /**
   * `path` with a signature for `userId`, valid for 15 minutes; `extra` query parameters are signed as part
   * of the path.
   */
  sign(path: string, userId: string, extra = ''): string {
    const expires = String(Math.floor(this.#now().getTime() / 1000) + LINK_SECONDS);
    const query = new URLSearchParams({
      expires,
      user: userId,
      signature: this.#mac(path + extra, userId, expires),
    });
    return `${path}?${String(query)}${extra}`;
  }

  /**
   * The user of a link. All invalid links get the same error.
   * @throws AppError INVALID_LINK.
   */
  verify(path: string, link: Partial<LinkSignature>): string {
    const { expires = '', user = '', signature = '' } = link;
    const seconds = Number(expires) - this.#now().getTime() / 1000;
    const expected = Buffer.from(this.#mac(path, user, expires));
    const given = Buffer.from(signature);
    const genuine = given.length === expected.length && timingSafeEqual(given, expected);
    if (genuine && seconds > 0 && seconds <= LINK_SECONDS) return user;
    throw invalidLink();
  }

  #mac(path: string, userId: string, expires: string): string {
    return createHmac('sha256', this.#key).update(`GET\n${path}\n${userId}\n${expires}`).digest('base64url');
  }
}
