import { v7 as uuid } from 'uuid';
import type { UserRepository } from '../../src/domain/repositories/user.repository.js';
import { canonicalEmail } from '../../src/domain/canonical-text.js';
import type { Counted, Slice, UserFilter } from '../../src/domain/listing.js';
import type { Role, SessionUser, User } from '../../src/domain/user.js';
import { notFound } from '../../src/errors/common-errors.js';
import { conflict, type InMemoryStore } from './in-memory-store.js';

/** Users in memory. */
export class InMemoryUserRepository implements UserRepository {
  readonly #store: InMemoryStore;

  constructor(store: InMemoryStore) {
    this.#store = store;
  }

  async create(user: Parameters<UserRepository['create']>[0]): Promise<User> {
    const email = canonicalEmail(user.email);
    if (await this.findByEmail(email)) throw conflict('EMAIL_TAKEN');
    const now = this.#store.now();
    const row: User = {
      id: uuid(),
      email,
      passwordHash: user.passwordHash,
      name: user.name ?? null,
      surname: user.surname ?? null,
      role: user.role,
      tokenVersion: 0,
      balance: 0n,
      createdAt: now,
      updatedAt: now,
      deletedAt: null,
      disabledAt: null,
    };
    this.#store.users.set(row.id, row);
    return row;
  }

  async findById(id: string): Promise<User | null> {
    const user = this.#store.users.get(id);
    return user && !user.deletedAt ? user : null;
  }

  async findByIds(ids: readonly string[]): Promise<readonly User[]> {
    return (await Promise.all(ids.map((id) => this.findById(id)))).filter((user) => user !== null);
  }

  async findBySessions(sessionIds: readonly string[]): Promise<readonly SessionUser[]> {
    const found = sessionIds.map(async (id) => {
      const session = this.#store.userSessions.get(id);
      const user = session ? await this.findById(session.userId) : null;
      return user === null ? [] : [{ id, user }];
    });
    return (await Promise.all(found)).flat();
  }

  async findByEmail(email: string): Promise<User | null> {
    return [...this.#store.users.values()].find((user) => user.email === canonicalEmail(email)) ?? null;
  }

  async lock(id: string): Promise<void> {
    if (!(await this.findById(id))) throw notFound('User', id);
  }

  async lockAdmins(): Promise<readonly string[]> {
    return [...this.#store.users.values()]
      .filter(({ role, disabledAt, deletedAt }) => role === 'admin' && !disabledAt && !deletedAt)
      .map(({ id }) => id);
  }

  async setRole(id: string, role: Role): Promise<void> {
    const user = this.#require(id);
    const revoked = user.role === 'admin' && role !== 'admin' ? 1 : 0;
    this.#change(user, { role, tokenVersion: user.tokenVersion + revoked });
  }

  async setPassword(id: string, passwordHash: string): Promise<void> {
    const user = this.#require(id);
    this.#change(user, { passwordHash, tokenVersion: user.tokenVersion + 1 });
    this.#removeResets(id);
  }

  async replaceHash(id: string, { from, to }: { from: string; to: string }): Promise<void> {
    const user = this.#require(id);
    if (user.passwordHash === from) this.#change(user, { passwordHash: to });
  }

  async setDisabled(id: string, disabled: boolean): Promise<void> {
    const user = this.#require(id);
    if ((user.disabledAt !== null) === disabled) return;
    const disabledAt = disabled ? this.#store.now() : null;
    this.#change(user, { disabledAt, tokenVersion: user.tokenVersion + (disabled ? 1 : 0) });
  }

  async page(filter: UserFilter, { offset, limit }: Slice): Promise<Counted<User>> {
    const { emailContains = '', search = '', role, disabled, includeDeleted = false } = filter;
    const found = [...this.#store.users.values()]
      .filter(({ email }) => email.includes(emailContains.toLowerCase()))
      .filter(({ email, name, surname }) =>
        [email, name, surname].join(' ').toLowerCase().includes(search.toLowerCase()),
      )
      .filter((user) => role === undefined || user.role === role)
      .filter((user) => disabled === undefined || (user.disabledAt !== null) === disabled)
      .filter((user) => includeDeleted || user.deletedAt === null)
      .reverse();
    return { rows: found.slice(offset, offset + limit), total: found.length };
  }

  async update(id: string, changes: Parameters<UserRepository['update']>[1]): Promise<User> {
    const user = this.#require(id);
    const email = changes.email === undefined ? user.email : canonicalEmail(changes.email);
    const owner = await this.findByEmail(email);
    if (owner && owner.id !== id) throw conflict('EMAIL_TAKEN');
    const { name = user.name, surname = user.surname } = changes;
    this.#change(user, { name, surname, email });
    return this.#require(id);
  }

  async remove(id: string): Promise<void> {
    const user = this.#require(id);
    this.#change(user, {
      deletedAt: this.#store.now(),
      email: `deleted-${id}@deleted.invalid`,
      name: null,
      surname: null,
      passwordHash: '',
      tokenVersion: user.tokenVersion + 1,
    });
    this.#removeResets(id);
    for (const [name, owner] of this.#store.identities) if (owner === id) this.#store.identities.delete(name);
  }

  #removeResets(id: string): void {
    for (const reset of this.#store.passwordResets.values())
      if (reset.userId === id) this.#store.passwordResets.delete(reset.id);
  }

  #require(id: string): User {
    const user = this.#store.users.get(id);
    if (!user || user.deletedAt) throw notFound('User', id);
    return user;
  }

  #change(user: User, changes: Partial<User>): void {
    this.#store.users.set(user.id, { ...user, ...changes, updatedAt: this.#store.now() });
  }
}
