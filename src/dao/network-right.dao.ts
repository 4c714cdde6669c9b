import type { Counted, Slice } from '../domain/listing.js';
import { Dao } from './dao.js';

/** Row of `restricted_networks` with its users. */
export interface RestrictedNetworkRow {
  readonly id: string;
  readonly userIds: readonly string[];
  readonly updatedAt: Date;
}

const NETWORKS = `SELECT n.network_id AS id, n.updated_at AS "updatedAt",
    coalesce(array_agg(u.user_id::text ORDER BY u.user_id) FILTER (WHERE u.user_id IS NOT NULL), '{}') AS "userIds"
  FROM restricted_networks n LEFT JOIN network_users u USING (network_id)`;

const RESTRICTED = { name: 'restricted-networks', text: 'SELECT network_id AS id FROM restricted_networks' };

/** Tables `restricted_networks` and `network_users`. */
export class NetworkRightDao extends Dao {
  /** Prepared, because synchronous inference asks once a second. */
  async restricted(): Promise<string[]> {
    return (await this.preparedRows<{ id: string }>(RESTRICTED, [])).map(({ id }) => id);
  }

  async granted(userId: string, networkIds: readonly string[]): Promise<string[]> {
    const rows = await this.rows<{ id: string }>(
      'SELECT network_id AS id FROM network_users WHERE user_id = $userId AND network_id = ANY ($networkIds::varchar[])',
      { userId, networkIds: [...networkIds] },
    );
    return rows.map(({ id }) => id);
  }

  async find(id: string): Promise<RestrictedNetworkRow | null> {
    const sql = `${NETWORKS} WHERE n.network_id = $id GROUP BY n.network_id`;
    return (await this.rows<RestrictedNetworkRow>(sql, { id }))[0] ?? null;
  }

  async page({ offset, limit }: Slice): Promise<Counted<RestrictedNetworkRow>> {
    const rows = await this.rows<RestrictedNetworkRow>(
      `${NETWORKS} GROUP BY n.network_id ORDER BY n.network_id OFFSET $offset LIMIT $limit`,
      { offset, limit },
    );
    const [{ total }] = await this.rows<{ total: number }>(
      'SELECT count(*)::integer AS total FROM restricted_networks',
      {},
    );
    return { rows, total };
  }

  async restrict(id: string, userIds: readonly string[]): Promise<void> {
    this.requireTransaction();
    // Locks the row, so that two changes at the same time are one after the other.
    await this.rows(
      `INSERT INTO restricted_networks (network_id) VALUES ($id)
       ON CONFLICT (network_id) DO UPDATE SET updated_at = now() RETURNING network_id`,
      { id },
    );
    await this.rows('DELETE FROM network_users WHERE network_id = $id RETURNING user_id', { id });
    await this.rows(
      `INSERT INTO network_users (network_id, user_id) SELECT $id, unnest($userIds::uuid[]) RETURNING user_id`,
      { id, userIds: [...userIds] },
    );
  }

  async open(id: string): Promise<void> {
    await this.rows('DELETE FROM restricted_networks WHERE network_id = $id RETURNING network_id', { id });
  }
}
