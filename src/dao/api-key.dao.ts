import type { ApiKey, ApiKeyChanges, NewApiKey } from '../domain/api-key.js';
import { Dao } from './dao.js';

const KEY_COLUMNS = `k.id, k.user_id AS "userId", k.name, k.scopes, k.sha256, k.previous_sha256 AS "previousSha256",
  k.previous_expires_at AS "previousExpiresAt", k.expires_at AS "expiresAt", k.ip_ranges AS "ipRanges",
  k.rate_limit_per_minute AS "rateLimitPerMinute", k.last_used_at AS "lastUsedAt", k.created_at AS "createdAt"`;

const FIND_BY_IDS = {
  name: 'api-keys-by-ids',
  text: `SELECT ${KEY_COLUMNS} FROM api_keys k WHERE k.id = ANY($1::uuid[])`,
};

/** Names of the columns that may be changed. */
const COLUMNS: Readonly<Record<keyof ApiKeyChanges, string>> = {
  name: 'name',
  scopes: 'scopes',
  expiresAt: 'expires_at',
  ipRanges: 'ip_ranges',
  rateLimitPerMinute: 'rate_limit_per_minute',
};

/** A key to find: by id, and the user it must belong to. */
interface OwnedKey {
  readonly id: string;
  readonly userId: string;
}

/** Table `api_keys`. */
export class ApiKeyDao extends Dao {
  async insert(key: NewApiKey): Promise<ApiKey> {
    const [row] = await this.rows<ApiKey>(
      `INSERT INTO api_keys AS k
         (id, user_id, name, scopes, sha256, expires_at, ip_ranges, rate_limit_per_minute)
       VALUES ($id, $userId, $name, $scopes, $sha256, $expiresAt, $ipRanges, $rateLimitPerMinute)
       RETURNING ${KEY_COLUMNS}`,
      { ...key },
    );
    return row;
  }

  /** Prepared, because every request with a key reads it. */
  async findByIds(ids: readonly string[]): Promise<ApiKey[]> {
    return this.preparedRows<ApiKey>(FIND_BY_IDS, [ids]);
  }

  async find({ id, userId }: OwnedKey): Promise<ApiKey | null> {
    const rows = await this.rows<ApiKey>(
      `SELECT ${KEY_COLUMNS} FROM api_keys k WHERE k.id = $id AND k.user_id = $userId`,
      { id, userId },
    );
    return rows[0] ?? null;
  }

  /** Oldest first. */
  async listByUser(userId: string): Promise<ApiKey[]> {
    return this.rows<ApiKey>(
      `SELECT ${KEY_COLUMNS} FROM api_keys k WHERE k.user_id = $userId ORDER BY k.created_at, k.id`,
      { userId },
    );
  }

  async countByUser(userId: string): Promise<number> {
    const [{ count }] = await this.rows<{ count: number }>(
      'SELECT count(*)::int AS count FROM api_keys WHERE user_id = $userId',
      { userId },
    );
    return count;
  }

  /** Changes the given columns, at least one. */
  async update({ id, userId }: OwnedKey, changes: ApiKeyChanges): Promise<ApiKey | null> {
    const given = Object.entries(changes).filter(([, value]) => value !== undefined);
    const set = given.map(([field]) => `${COLUMNS[field as keyof ApiKeyChanges]} = $${field}`).join(', ');
    const rows = await this.rows<ApiKey>(
      `UPDATE api_keys AS k SET ${set} WHERE k.id = $id AND k.user_id = $userId RETURNING ${KEY_COLUMNS}`,
      { ...Object.fromEntries(given), id, userId },
    );
    return rows[0] ?? null;
  }

  /** Replaces the secret; the old one stays valid until `previousExpiresAt`, or ends now when that is null. */
  async replaceSecret(
    { id, userId }: OwnedKey,
    { sha256, previousExpiresAt }: Pick<ApiKey, 'sha256' | 'previousExpiresAt'>,
  ): Promise<ApiKey | null> {
    const rows = await this.rows<ApiKey>(
      `UPDATE api_keys AS k
          SET sha256 = $sha256, previous_expires_at = $previousExpiresAt::timestamptz,
              previous_sha256 = CASE WHEN $previousExpiresAt::timestamptz IS NOT NULL THEN sha256 END
        WHERE k.id = $id AND k.user_id = $userId RETURNING ${KEY_COLUMNS}`,
      { id, userId, sha256, previousExpiresAt },
    );
    return rows[0] ?? null;
  }

  /** Sets the time of the last use, unless it is less than a minute ago. */
  async markUsed(id: string): Promise<void> {
    await this.rows(
      `UPDATE api_keys SET last_used_at = now()
        WHERE id = $id AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute') RETURNING id`,
      { id },
    );
  }

  /** False when there is no such key. */
  async remove({ id, userId }: OwnedKey): Promise<boolean> {
    const sql = 'DELETE FROM api_keys WHERE id = $id AND user_id = $userId RETURNING id';
    return (await this.rows(sql, { id, userId })).length > 0;
  }

  async removeByUser(userId: string): Promise<void> {
    await this.rows('DELETE FROM api_keys WHERE user_id = $userId RETURNING id', { userId });
  }
}
