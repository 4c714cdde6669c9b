import type { UserRepository } from '../domain/repositories/user.repository.js';
import { invalidLink, type DownloadLinks, type LinkSignature } from './token-download-link.js';

/** Resolves the user of a signed link. */
export class LinkUserService {
  readonly #links: Pick<DownloadLinks, 'verify'>;
  readonly #users: Pick<UserRepository, 'findByIds'>;

  constructor(links: Pick<DownloadLinks, 'verify'>, users: Pick<UserRepository, 'findByIds'>) {
    this.#links = links;
    this.#users = users;
  }

  /**
   * The user for whom a link was issued, checked against the current account: links are invalid once the
   * account is deleted or disabled.
   * @throws AppError INVALID_LINK.
   */
  async verify(path: string, link: Partial<LinkSignature>): Promise<string> {
    const userId = this.#links.verify(path, link);
    const [user] = await this.#users.findByIds([userId]);
    if (!user || user.disabledAt !== null) throw invalidLink();
    return userId;
  }
}
