import { createHmac, timingSafeEqual } from 'node:crypto';
import { AppError } from '../errors/app-error.js';

/** Seconds that a signed link is valid. */
const LINK_SECONDS = 15 * 60;

/** The three query values that make a path a signed link. */
export interface LinkSignature {
  readonly expires: string;
  readonly user: string;
  readonly signature: string;
}

/** The one error of all links that do not hold. */
export const invalidLink = (): AppError =>
  new AppError('INVALID_LINK', {
    message: 'This download link is not valid or has expired; fetch the result again for a new one.',
  });

/** Signs and checks expiring links; each is bound to GET, its path, its user and its end. */
export class DownloadLinks {
  readonly #key: Buffer;
  readonly #now: () => Date;

  constructor(key: Buffer, now: () => Date = () => new Date()) {
    this.#key = key;
    this.#now = now;
  }

  /** `path` with a signature for `userId` that holds 15 minutes; `extra`, more of the query, is signed as part of the path. */
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
   * The user of a link. One error for every way in which a link can be wrong.
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
