import type { NewUserSession, PasswordReset, RenewedToken, UserSession } from '../domain/user-session.js';
import { Dao } from './dao.js';

const COLUMNS = `s.id, s.user_id AS "userId", s.token_version AS "tokenVersion", s.refresh_sha256 AS "refreshSha256",
  s.family_sha256 AS "familySha256",
  s.address, s.user_agent AS "userAgent", s.created_at AS "createdAt", s.last_used_at AS "lastUsedAt",
  s.expires_at AS "expiresAt"`;

/** Tables `user_sessions` and `password_resets`. */
export class UserSessionDao extends Dao {
  async insert(session: NewUserSession): Promise<UserSession> {
    const [row] = await this.rows<UserSession>(
      `INSERT INTO user_sessions AS s
         (id, user_id, token_version, refresh_sha256, family_sha256, address, user_agent, expires_at)
       VALUES ($id, $userId, $tokenVersion, $refreshSha256, $familySha256, $address, $userAgent, $expiresAt)
       RETURNING ${COLUMNS}`,
      { ...session },
    );
    return row;
  }

  /**
   * Removes sessions that have ended, and the least recently used ones beyond `keep`. Those of a newer token version
   * stay: the password may have changed during the sign-in.
   */
  async prune({ userId, tokenVersion }: NewUserSession, keep: number): Promise<void> {
    await this.rows(
      `DELETE FROM user_sessions WHERE user_id = $userId AND
         (expires_at < now() OR token_version < $tokenVersion OR id IN
           (SELECT id FROM user_sessions WHERE user_id = $userId ORDER BY last_used_at DESC, id DESC OFFSET $keep))
       RETURNING id`,
      { userId, tokenVersion, keep },
    );
  }

  async lock(id: string): Promise<UserSession | null> {
    this.requireTransaction();
    const sql = `SELECT ${COLUMNS} FROM user_sessions s WHERE s.id = $id FOR UPDATE`;
    const rows = await this.rows<UserSession>(sql, { id });
    return rows[0] ?? null;
  }

  async listByUser(userId: string, tokenVersion: number): Promise<UserSession[]> {
    return this.rows<UserSession>(
      `SELECT ${COLUMNS} FROM user_sessions s
        WHERE s.user_id = $userId AND s.token_version = $tokenVersion AND s.expires_at > now()
        ORDER BY s.last_used_at DESC, s.id DESC`,
      { userId, tokenVersion },
    );
  }

  async renew(id: string, { refreshSha256, familySha256, expiresAt }: RenewedToken): Promise<void> {
    await this.rows(
      `UPDATE user_sessions SET refresh_sha256 = $refreshSha256, family_sha256 = $familySha256, expires_at = $expiresAt, last_used_at = now()
        WHERE id = $id RETURNING id`,
      { id, refreshSha256, familySha256, expiresAt },
    );
  }

  async remove({ id, userId }: Pick<UserSession, 'id' | 'userId'>): Promise<boolean> {
    const sql = 'DELETE FROM user_sessions WHERE id = $id AND user_id = $userId RETURNING id';
    return (await this.rows(sql, { id, userId })).length > 0;
  }

  async removeOthers(userId: string, except: string | null): Promise<number> {
    const rows = await this.rows(
      `DELETE FROM user_sessions WHERE user_id = $userId AND id IS DISTINCT FROM $except::uuid RETURNING id`,
      { userId, except },
    );
    return rows.length;
  }

  async putReset({ id, userId, sha256, expiresAt }: PasswordReset): Promise<void> {
    await this.rows(
      `INSERT INTO password_resets (id, user_id, sha256, expires_at) VALUES ($id, $userId, $sha256, $expiresAt)
       ON CONFLICT (user_id) DO UPDATE
         SET id = EXCLUDED.id, sha256 = EXCLUDED.sha256, expires_at = EXCLUDED.expires_at
       RETURNING id`,
      { id, userId, sha256, expiresAt },
    );
  }

  async removeReset(userId: string): Promise<void> {
    await this.rows('DELETE FROM password_resets WHERE user_id = $userId RETURNING id', { userId });
  }

  async takeReset(id: string): Promise<PasswordReset | null> {
    const rows = await this.rows<PasswordReset>(
      `DELETE FROM password_resets WHERE id = $id
       RETURNING id, user_id AS "userId", sha256, expires_at AS "expiresAt"`,
      { id },
    );
    return rows[0] ?? null;
  }
}
