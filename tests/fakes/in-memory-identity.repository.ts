import type { IdentityKey, SignInCode } from '../../src/domain/identity.js';
import type { IdentityRepository } from '../../src/domain/repositories/identity.repository.js';
import { conflict, type InMemoryStore } from './in-memory-store.js';

const nameOf = ({ issuer, subject }: IdentityKey): string => `${issuer} ${subject}`;

/** Identities and one-time codes in memory. */
export class InMemoryIdentityRepository implements IdentityRepository {
  readonly #store: InMemoryStore;

  constructor(store: InMemoryStore) {
    this.#store = store;
  }

  async findUser(identity: IdentityKey): Promise<string | null> {
    return this.#store.identities.get(nameOf(identity)) ?? null;
  }

  async link(identity: IdentityKey, userId: string): Promise<void> {
    if (this.#store.identities.has(nameOf(identity))) throw conflict('IDENTITY_TAKEN');
    this.#store.identities.set(nameOf(identity), userId);
  }

  async removeByUser(userId: string): Promise<void> {
    for (const [name, owner] of this.#store.identities)
      if (owner === userId) this.#store.identities.delete(name);
  }

  async putCode(code: SignInCode): Promise<void> {
    for (const { id, expiresAt } of this.#store.signInCodes.values())
      if (expiresAt < this.#store.now()) this.#store.signInCodes.delete(id);
    this.#store.signInCodes.set(code.id, code);
  }

  async findCode(id: string): Promise<SignInCode | null> {
    return this.#store.signInCodes.get(id) ?? null;
  }

  async takeCode(id: string): Promise<SignInCode | null> {
    const code = await this.findCode(id);
    this.#store.signInCodes.delete(id);
    return code;
  }
}
