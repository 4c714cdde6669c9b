import type { IdentityDao } from '../dao/identity.dao.js';
import type { IdentityKey, SignInCode } from '../domain/identity.js';
import type { IdentityRepository } from '../domain/repositories/identity.repository.js';
import { identityTaken } from '../errors/common-errors.js';

/** Identities and one-time codes in PostgreSQL. */
export class PostgresIdentityRepository implements IdentityRepository {
  readonly #identities: IdentityDao;

  constructor(identities: IdentityDao) {
    this.#identities = identities;
  }

  findUser(identity: IdentityKey): Promise<string | null> {
    return this.#identities.findUser(identity);
  }

  async link(identity: IdentityKey, userId: string): Promise<void> {
    if (!(await this.#identities.insert(identity, userId))) throw identityTaken();
  }

  removeByUser(userId: string): Promise<void> {
    return this.#identities.removeByUser(userId);
  }

  async putCode(code: SignInCode): Promise<void> {
    await this.#identities.pruneCodes();
    await this.#identities.insertCode(code);
  }

  findCode(id: string): Promise<SignInCode | null> {
    return this.#identities.findCode(id);
  }

  takeCode(id: string): Promise<SignInCode | null> {
    return this.#identities.takeCode(id);
  }
}
