import { Op, col, fn, where, type WhereOptions } from 'sequelize';
import type { Counted, Slice, UserFilter } from '../domain/listing.js';
import type { Role } from '../domain/user.js';
import type { NewUserRow, UserRow } from '../models/user.model.js';
import { Dao } from './dao.js';
import { containing } from './like-pattern.js';

export type { UserRow } from '../models/user.model.js';

const FIND_BY_IDS = {
  name: 'users-by-ids',
  text: `SELECT id, email, password_hash AS "passwordHash", name, surname, role, token_version AS "tokenVersion",
         balance_micro AS balance, created_at AS "createdAt", updated_at AS "updatedAt", deleted_at AS "deletedAt",
         disabled_at AS "disabledAt"
    FROM users WHERE id = ANY($1::uuid[]) AND deleted_at IS NULL`,
};

const FIND_BY_SESSIONS = {
  name: 'users-by-sessions',
  text: `SELECT s.id AS "sessionId", u.id, u.email, u.role, u.token_version AS "tokenVersion",
         u.balance_micro AS balance, u.disabled_at AS "disabledAt"
    FROM user_sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = ANY($1::uuid[]) AND u.deleted_at IS NULL`,
};

/** A row of a session's user as the driver returns it. */
interface SessionUserRow extends Pick<UserRow, 'id' | 'email' | 'role' | 'tokenVersion' | 'disabledAt'> {
  readonly sessionId: string;
  readonly balance: string;
}

/** Table `users`. */
export class UserDao extends Dao {
  async insert(row: NewUserRow): Promise<UserRow> {
    const user = await this.models.users.create(row, { transaction: this.transaction });
    return user.get({ plain: true });
  }

  async findById(id: string): Promise<UserRow | null> {
    const [row] = await this.findByIds([id]);
    return row ?? null;
  }

  /**
   * Uses a prepared statement, because every authenticated request reads its user, and building a statement
   * and a model would cost more than the query.
   */
  async findByIds(ids: readonly string[]): Promise<UserRow[]> {
    type Row = Omit<UserRow, 'balanceMicro'> & { readonly balance: string };
    const rows = await this.preparedRows<Row>(FIND_BY_IDS, [ids]);
    return rows.map(({ balance, ...user }) => ({ ...user, balanceMicro: BigInt(balance) }));
  }

  /**
   * The users of existing sessions. Prepared, because every request with an access token reads its user; and without the
   * columns that no request needs, because reading them would take as long as the query.
   */
  async findBySessions(sessionIds: readonly string[]): Promise<SessionUserRow[]> {
    return this.preparedRows<SessionUserRow>(FIND_BY_SESSIONS, [sessionIds]);
  }

  async findByEmail(email: string): Promise<UserRow | null> {
    const user = await this.models.users.findOne({ where: { email }, transaction: this.transaction });
    return user?.get({ plain: true }) ?? null;
  }

  /**
   * Locks a row that is not deleted; rows that refer to it may still be inserted. False when there is no such
   * user.
   */
  async lock(id: string): Promise<boolean> {
    this.requireTransaction();
    const rows = await this.rows(
      'SELECT id FROM users WHERE id = $id AND deleted_at IS NULL FOR NO KEY UPDATE',
      { id },
    );
    return rows.length > 0;
  }

  /** Locks all admins that are neither disabled nor deleted, always in the same order. */
  async lockAdmins(): Promise<string[]> {
    this.requireTransaction();
    const rows = await this.rows<{ id: string }>(
      `SELECT id FROM users WHERE role = 'admin' AND disabled_at IS NULL AND deleted_at IS NULL
        ORDER BY id FOR NO KEY UPDATE`,
      {},
    );
    return rows.map(({ id }) => id);
  }

  /**
   * Changes the role; a user who loses the admin role also loses all tokens. False when there is no such
   * user.
   */
  async updateRole(id: string, role: Role): Promise<boolean> {
    const rows = await this.rows(
      `UPDATE users
          SET role = $role::varchar, updated_at = now(),
              token_version = token_version + CASE WHEN role = 'admin' AND $role::varchar <> 'admin' THEN 1 ELSE 0 END
        WHERE id = $id RETURNING id`,
      { id, role },
    );
    return rows.length > 0;
  }

  /** Changes the password hash and revokes all tokens. False when there is no such user. */
  async updatePassword(id: string, passwordHash: string): Promise<boolean> {
    const rows = await this.rows(
      `UPDATE users SET password_hash = $passwordHash, token_version = token_version + 1, updated_at = now()
        WHERE id = $id AND deleted_at IS NULL RETURNING id`,
      { id, passwordHash },
    );
    return rows.length > 0;
  }

  /**
   * Replaces the hash of an unchanged password, unless the password was changed concurrently; tokens stay
   * valid.
   */
  async replaceHash(id: string, { from, to }: { from: string; to: string }): Promise<void> {
    await this.models.users.update(
      { passwordHash: to },
      { where: { id, passwordHash: from }, transaction: this.transaction },
    );
  }

  /** Disables or enables a user; disabling revokes all tokens. False when there is no such user. */
  async updateDisabled(id: string, disabled: boolean): Promise<boolean> {
    const rows = await this.rows(
      `UPDATE users
          SET updated_at = now(), disabled_at = CASE WHEN $disabled THEN COALESCE(disabled_at, now()) END,
              token_version = token_version + CASE WHEN $disabled AND disabled_at IS NULL THEN 1 ELSE 0 END
        WHERE id = $id AND deleted_at IS NULL RETURNING id`,
      { id, disabled },
    );
    return rows.length > 0;
  }

  /** Newest first. */
  async page(filter: UserFilter, { offset, limit }: Slice): Promise<Counted<UserRow>> {
    const { emailContains, search, role, disabled, includeDeleted = false } = filter;
    const conditions: WhereOptions<UserRow>[] = [];
    if (emailContains !== undefined) conditions.push({ email: { [Op.iLike]: containing(emailContains) } });
    if (search !== undefined) {
      const text = fn('concat_ws', ' ', col('email'), col('name'), col('surname'));
      conditions.push(where(text, { [Op.iLike]: containing(search) }));
    }
    if (role !== undefined) conditions.push({ role });
    if (disabled !== undefined) conditions.push({ disabledAt: disabled ? { [Op.ne]: null } : null });
    if (!includeDeleted) conditions.push({ deletedAt: null });
    const { rows, count } = await this.models.users.findAndCountAll({
      where: { [Op.and]: conditions },
      order: [
        ['createdAt', 'DESC'],
        ['id', 'DESC'],
      ],
      offset,
      limit,
      transaction: this.transaction,
    });
    return { rows: rows.map((user) => user.get({ plain: true })), total: count };
  }

  /** Updates columns of a row that is not deleted; null when there is none. */
  async update(
    id: string,
    changes: { name?: string; surname?: string; email?: string },
  ): Promise<UserRow | null> {
    const [, users] = await this.models.users.update(
      { ...changes, updatedAt: fn('now') },
      { where: { id, deletedAt: null }, returning: true, transaction: this.transaction },
    );
    return users[0]?.get({ plain: true }) ?? null;
  }

  /** Anonymises the row: no name, no password, and an e-mail address that cannot be registered. */
  async markDeleted(id: string): Promise<boolean> {
    const rows = await this.rows(
      `UPDATE users
          SET deleted_at = now(), updated_at = now(), name = NULL, surname = NULL, password_hash = '',
              email = 'deleted-' || id || '@deleted.invalid', token_version = token_version + 1
        WHERE id = $id AND deleted_at IS NULL RETURNING id`,
      { id },
    );
    return rows.length > 0;
  }

  /**
   * Adds `delta` unless the balance would become negative. A single statement, so that the row lock
   * serialises concurrent changes and no caller acts on an outdated balance.
   * @returns the new balance, or null when there is no such user or the balance is too low.
   */
  async addToBalance(id: string, delta: bigint): Promise<bigint | null> {
    const rows = await this.rows<{ balance: string }>(
      `UPDATE users SET balance_micro = balance_micro + $delta, updated_at = now()
        WHERE id = $id AND balance_micro + $delta >= 0 RETURNING balance_micro AS balance`,
      { id, delta },
    );
    return rows.length > 0 ? BigInt(rows[0].balance) : null;
  }
}
