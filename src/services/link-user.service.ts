import type { UserRepository } from '../domain/repositories/user.repository.js';
import { invalidLink, type DownloadLinks, type LinkSignature } from './token-download-link.js';

/** Tells for whom a signed link is opened. */
export class LinkUserService {
  readonly #links: Pick<DownloadLinks, 'verify'>;
  readonly #users: Pick<UserRepository, 'findByIds'>;

  constructor(links: Pick<DownloadLinks, 'verify'>, users: Pick<UserRepository, 'findByIds'>) {
    this.#links = links;
    this.#users = users;
  }

  /**
   * The user whom a link was made for, by the account's row of this moment: links end with their account.
   * @throws AppError INVALID_LINK.
   */
  async verify(path: string, link: Partial<LinkSignature>): Promise<string> {
    const userId = this.#links.verify(path, link);
    const [user] = await this.#users.findByIds([userId]);
    if (!user || user.disabledAt !== null) throw invalidLink();
    return userId;
  }
}
