import type { IdentityKey, SignInCode } from '../domain/identity.js';
import { Dao } from './dao.js';

const CODE = 'id, user_id AS "userId", sha256, identity AS link, expires_at AS "expiresAt"';
/** Expired codes that one insert removes. */
const PRUNED = 100;

/** Tables `user_identities` and `sign_in_codes`. */
export class IdentityDao extends Dao {
  async findUser({ issuer, subject }: IdentityKey): Promise<string | null> {
    const rows = await this.rows<{ userId: string }>(
      'SELECT user_id AS "userId" FROM user_identities WHERE issuer = $issuer AND subject = $subject',
      { issuer, subject },
    );
    return rows[0]?.userId ?? null;
  }

  /** False when the identity exists. */
  async insert({ issuer, subject }: IdentityKey, userId: string): Promise<boolean> {
    const rows = await this.rows(
      `INSERT INTO user_identities (issuer, subject, user_id) VALUES ($issuer, $subject, $userId)
       ON CONFLICT DO NOTHING RETURNING user_id`,
      { issuer, subject, userId },
    );
    return rows.length > 0;
  }

  async removeByUser(userId: string): Promise<void> {
    await this.rows('DELETE FROM user_identities WHERE user_id = $userId RETURNING user_id', { userId });
  }

  async insertCode({ id, userId, sha256, link, expiresAt }: SignInCode): Promise<void> {
    await this.rows(
      `INSERT INTO sign_in_codes (id, user_id, sha256, identity, expires_at)
       VALUES ($id, $userId, $sha256, $identity::jsonb, $expiresAt) RETURNING id`,
      { id, userId, sha256, identity: link && JSON.stringify(link), expiresAt },
    );
  }

  async pruneCodes(): Promise<void> {
    await this.rows(
      `DELETE FROM sign_in_codes WHERE id IN
         (SELECT id FROM sign_in_codes WHERE expires_at < now() LIMIT $count FOR UPDATE SKIP LOCKED) RETURNING id`,
      { count: PRUNED },
    );
  }

  async findCode(id: string): Promise<SignInCode | null> {
    const rows = await this.rows<SignInCode>(`SELECT ${CODE} FROM sign_in_codes WHERE id = $id`, { id });
    return rows[0] ?? null;
  }

  async takeCode(id: string): Promise<SignInCode | null> {
    const sql = `DELETE FROM sign_in_codes WHERE id = $id RETURNING ${CODE}`;
    const rows = await this.rows<SignInCode>(sql, { id });
    return rows[0] ?? null;
  }
}
