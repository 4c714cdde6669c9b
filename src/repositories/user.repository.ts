import { v7 as uuid } from 'uuid';
import type { IdentityDao } from '../dao/identity.dao.js';
import type { RealtimeDao } from '../dao/realtime.dao.js';
import type { UserDao, UserRow } from '../dao/user.dao.js';
import type { UserSessionDao } from '../dao/user-session.dao.js';
import type { UserRepository } from '../domain/repositories/user.repository.js';
import { canonicalEmail } from '../domain/canonical-text.js';
import type { Counted, Slice, UserFilter } from '../domain/listing.js';
import type { Role, SessionUser, User } from '../domain/user.js';
import { notFound } from '../errors/common-errors.js';

function toUser({ balanceMicro, ...row }: UserRow): User {
  return { ...row, balance: balanceMicro };
}

/** Tables of a user, and those with what ends with a password or an account. */
interface UserDaos {
  readonly users: UserDao;
  readonly userSessions: Pick<UserSessionDao, 'removeReset'>;
  readonly realtime: Pick<RealtimeDao, 'removeState'>;
  readonly identities: Pick<IdentityDao, 'removeByUser'>;
}

/** Users in PostgreSQL. E-mail addresses are stored and looked up in canonical form. */
export class PostgresUserRepository implements UserRepository {
  readonly #users: UserDao;
  readonly #others: Omit<UserDaos, 'users'>;

  constructor({ users, ...others }: UserDaos) {
    this.#users = users;
    this.#others = others;
  }

  /** The balance starts at zero; starting credits are recorded as a ledger row. */
  async create(user: Parameters<UserRepository['create']>[0]): Promise<User> {
    const { email, passwordHash, role, name, surname } = user;
    const row = await this.#users.insert({
      id: uuid(),
      email: canonicalEmail(email),
      passwordHash,
      role,
      name: name ?? null,
      surname: surname ?? null,
    });
    return toUser(row);
  }

  async findById(id: string): Promise<User | null> {
    const row = await this.#users.findById(id);
    return row && toUser(row);
  }

  async findByIds(ids: readonly string[]): Promise<readonly User[]> {
    return (await this.#users.findByIds(ids)).map(toUser);
  }

  async findBySessions(sessionIds: readonly string[]): Promise<readonly SessionUser[]> {
    const rows = await this.#users.findBySessions(sessionIds);
    return rows.map(({ sessionId, balance, ...user }) => ({
      id: sessionId,
      user: { ...user, balance: BigInt(balance) },
    }));
  }

  async findByEmail(email: string): Promise<User | null> {
    const row = await this.#users.findByEmail(canonicalEmail(email));
    return row && toUser(row);
  }

  async lock(id: string): Promise<void> {
    if (!(await this.#users.lock(id))) throw notFound('User', id);
  }

  async lockAdmins(): Promise<readonly string[]> {
    return this.#users.lockAdmins();
  }

  async setRole(id: string, role: Role): Promise<void> {
    if (!(await this.#users.updateRole(id, role))) throw notFound('User', id);
  }

  async setPassword(id: string, passwordHash: string): Promise<void> {
    // First, as the use of a link does, so that two transactions do not wait for each other.
    await this.#others.userSessions.removeReset(id);
    if (!(await this.#users.updatePassword(id, passwordHash))) throw notFound('User', id);
  }

  async replaceHash(id: string, hashes: { from: string; to: string }): Promise<void> {
    await this.#users.replaceHash(id, hashes);
  }

  async setDisabled(id: string, disabled: boolean): Promise<void> {
    if (!(await this.#users.updateDisabled(id, disabled))) throw notFound('User', id);
  }

  async page(filter: UserFilter, slice: Slice): Promise<Counted<User>> {
    const { rows, total } = await this.#users.page(filter, slice);
    return { rows: rows.map(toUser), total };
  }

  async update(id: string, changes: Parameters<UserRepository['update']>[1]): Promise<User> {
    const { email, ...names } = changes;
    const row = await this.#users.update(id, { ...names, ...(email && { email: canonicalEmail(email) }) });
    if (!row) throw notFound('User', id);
    return toUser(row);
  }

  async remove(id: string): Promise<void> {
    await this.#others.userSessions.removeReset(id);
    await this.#others.realtime.removeState(id);
    await this.#others.identities.removeByUser(id);
    if (!(await this.#users.markDeleted(id))) throw notFound('User', id);
  }
}
