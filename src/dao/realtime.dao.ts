import { USER_EVENTS_CHANNEL, type ConnectionKind, type OpenConnection } from '../domain/realtime.js';
import { Dao } from './dao.js';

/** Sends a user event for every user in the common table expression `changed`. */
const NOTIFY = `SELECT pg_notify('${USER_EVENTS_CHANNEL}', json_build_object('userId', user_id)::text)
  FROM (SELECT DISTINCT user_id FROM changed WHERE kind = 'remote') AS users`;

/** Tables `realtime_instances`, `realtime_connections`, `remote_states` and `connection_tickets`. */
export class RealtimeDao extends Dao {
  /** Inserts or updates the row of an instance; whether it was inserted. */
  async beat(instanceId: string): Promise<boolean> {
    const [row] = await this.rows<{ inserted: boolean }>(
      `INSERT INTO realtime_instances (id) VALUES ($instanceId)
       ON CONFLICT (id) DO UPDATE SET seen_at = clock_timestamp() RETURNING xmax = 0 AS inserted`,
      { instanceId },
    );
    return row.inserted;
  }

  /** Removes the instances in `condition`, with their connections. */
  async removeInstances(condition: { readonly id: string } | { readonly silentMs: number }): Promise<void> {
    const where =
      'id' in condition ? 'id = $id' : "seen_at < clock_timestamp() - $silentMs * INTERVAL '1 millisecond'";
    await this.rows(
      `WITH gone AS (SELECT id FROM realtime_instances WHERE ${where} FOR UPDATE SKIP LOCKED),
       changed AS (DELETE FROM realtime_connections WHERE instance_id IN (SELECT id FROM gone) RETURNING user_id, kind),
       deleted AS (DELETE FROM realtime_instances WHERE id IN (SELECT id FROM gone))
       ${NOTIFY}`,
      { ...condition },
    );
  }

  async insert({ id, userId, kind }: OpenConnection, instanceId: string): Promise<void> {
    await this.rows(
      `WITH changed AS (
         INSERT INTO realtime_connections (id, instance_id, user_id, kind) VALUES ($id, $instanceId, $userId, $kind)
         ON CONFLICT (id) DO NOTHING RETURNING user_id, kind)
       ${NOTIFY}`,
      { id, instanceId, userId, kind },
    );
  }

  /** Rank of a connection among those of its user of these kinds, from 1. */
  async rank(id: string, among: readonly ConnectionKind[]): Promise<number> {
    const [row] = await this.rows<{ rank: number }>(
      `SELECT count(*)::int AS rank FROM realtime_connections AS other
       JOIN realtime_connections AS own ON own.id = $id AND own.user_id = other.user_id
       WHERE other.kind = ANY($among) AND (other.opened_at, other.id) <= (own.opened_at, own.id)`,
      { id, among: [...among] },
    );
    return row.rank;
  }

  async remove(id: string): Promise<void> {
    await this.rows(
      `WITH changed AS (DELETE FROM realtime_connections WHERE id = $id RETURNING user_id, kind) ${NOTIFY}`,
      { id },
    );
  }

  async setPlayer(id: string, active: boolean): Promise<void> {
    await this.rows(
      `WITH changed AS (UPDATE realtime_connections SET player = $active WHERE id = $id RETURNING user_id, kind)
       ${NOTIFY}`,
      { id, active },
    );
  }

  async count(kind: ConnectionKind, userId: string | null): Promise<number> {
    const [row] = await this.rows<{ total: number }>(
      `SELECT count(*)::int AS total FROM realtime_connections
       WHERE kind = $kind AND ($userId::uuid IS NULL OR user_id = $userId)`,
      { kind, userId },
    );
    return row.total;
  }

  /** Number of remote-control devices of a user, and whether one is an active web player. */
  async devices(userId: string): Promise<{ total: number; player: boolean }> {
    const [row] = await this.rows<{ total: number; player: boolean }>(
      `SELECT count(*)::int AS total, COALESCE(bool_or(player), false) AS player FROM realtime_connections
       WHERE kind = 'remote' AND user_id = $userId`,
      { userId },
    );
    return row;
  }

  async announce(userId: string, message: string): Promise<void> {
    await this.rows('SELECT pg_notify($channel, $payload)', {
      channel: USER_EVENTS_CHANNEL,
      payload: JSON.stringify({ userId, message }),
    });
  }

  async keepState(userId: string, state: string, seconds: number): Promise<void> {
    await this.rows(
      `INSERT INTO remote_states (user_id, state, expires_at)
       SELECT id, $state, clock_timestamp() + $seconds * INTERVAL '1 second' FROM users
        WHERE id = $userId AND deleted_at IS NULL
       ON CONFLICT (user_id) DO UPDATE SET state = EXCLUDED.state, expires_at = EXCLUDED.expires_at RETURNING user_id`,
      { userId, state, seconds },
    );
  }

  async removeState(userId: string): Promise<void> {
    await this.rows('DELETE FROM remote_states WHERE user_id = $userId RETURNING user_id', { userId });
  }

  async findState(userId: string): Promise<string | null> {
    const [row] = await this.rows<{ state: string }>(
      'SELECT state FROM remote_states WHERE user_id = $userId AND expires_at > clock_timestamp()',
      { userId },
    );
    return row?.state ?? null;
  }

  async insertTicket(digest: Buffer, sealed: Buffer, seconds: number): Promise<Date> {
    const [row] = await this.rows<{ expires_at: Date }>(
      `INSERT INTO connection_tickets (digest, sealed, expires_at)
       VALUES ($digest, $sealed, clock_timestamp() + $seconds * INTERVAL '1 second') RETURNING expires_at`,
      { digest, sealed, seconds },
    );
    return row.expires_at;
  }

  /** Deletes a ticket and returns it, if it has not ended. */
  async takeTicket(digest: Buffer): Promise<Buffer | null> {
    const [row] = await this.rows<{ sealed: Buffer; valid: boolean }>(
      `DELETE FROM connection_tickets WHERE digest = $digest
       RETURNING sealed, expires_at > clock_timestamp() AS valid`,
      { digest },
    );
    return row?.valid ? row.sealed : null;
  }

  async removeEndedTickets(): Promise<void> {
    await this.rows(
      `DELETE FROM connection_tickets WHERE digest IN (
         SELECT digest FROM connection_tickets WHERE expires_at <= clock_timestamp() LIMIT 100 FOR UPDATE SKIP LOCKED)
       RETURNING digest`,
      {},
    );
  }
}
