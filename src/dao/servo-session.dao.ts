import { fn, Op, type WhereOptions } from 'sequelize';
import {
  PRESENCE_PREFIX,
  presenceName,
  type ServoSessionProgress,
  type ServoSessionStatus,
} from '../domain/servo-session.js';
import type { GoneProcess } from '../domain/repositories/servo-session.repository.js';
import type { NewServoSessionRow, ServoSessionRow } from '../models/servo-session.model.js';
import { Dao } from './dao.js';

export type { NewServoSessionRow, ServoSessionRow } from '../models/servo-session.model.js';

/** Which rows to list. */
export interface ServoSessionRowFilter {
  readonly userId: string;
  readonly status?: readonly ServoSessionStatus[];
  /** Rows after this one in the list's order, newest first. */
  readonly olderThan?: { readonly createdAt: Date; readonly id: string };
}

/** What an end leaves in the row. */
export type EndedColumns = Pick<
  ServoSessionRow,
  | 'endReason'
  | 'framesAnswered'
  | 'framesSkipped'
  | 'capturedMicro'
  | 'recordStopped'
  | 'recordingBytes'
  | 'jobId'
>;

/** The database's clock judges leases. */
const NOW = fn('clock_timestamp');

/** Every role sees the names of all connections. */
const GONE = `pg_postmaster_start_time() < clock_timestamp() - $serverUpMs::int * interval '1 millisecond'
  AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = $prefix::text || s.instance_id::text)`;

/** Nobody keeps such a row alive. */
const ABANDONED = `s.status <> 'ended' AND (u.deleted_at IS NOT NULL OR s.lease_expires_at < clock_timestamp()
  OR (s.lease_expires_at < clock_timestamp() + $unspentMs::int * interval '1 millisecond' AND ${GONE}))`;

/** A row that nobody keeps alive. */
export interface AbandonedRow {
  readonly id: string;
  readonly leaseExpiresAt: Date;
  /** Whether its user is deleted. */
  readonly deleted: boolean;
}

/** Instance, lease in milliseconds, then ids, statuses, counts of frames answered and skipped, and of engines replaced. */
const RENEW = {
  name: 'servo-sessions-renew',
  text: `
  UPDATE servo_sessions s
     SET status = v.status,
         frames_answered = GREATEST(s.frames_answered, v.answered),
         frames_skipped = GREATEST(s.frames_skipped, v.skipped),
         restarts = GREATEST(s.restarts, v.restarts),
         lease_expires_at = clock_timestamp() + $2::int * interval '1 millisecond'
    FROM unnest($3::uuid[], $4::text[], $5::int[], $6::bigint[], $7::int[]) AS v (id, status, answered, skipped, restarts)
   WHERE s.id = v.id AND s.instance_id = $1::uuid AND s.status <> 'ended'
  RETURNING s.id`,
};

/** Table `servo_sessions`. Every change is one guarded UPDATE: its WHERE is the permission to make it. */
export class ServoSessionDao extends Dao {
  async insert(row: Omit<NewServoSessionRow, 'leaseExpiresAt'>, leaseMs: number): Promise<ServoSessionRow> {
    const session = await this.models.servoSessions.create(
      { ...row, leaseExpiresAt: new Date(Date.now() + leaseMs) },
      { transaction: this.transaction, returning: true },
    );
    return session.get({ plain: true });
  }

  async find(where: { id: string; userId?: string }): Promise<ServoSessionRow | null> {
    const session = await this.models.servoSessions.findOne({ where, transaction: this.transaction });
    return session?.get({ plain: true }) ?? null;
  }

  /** The row under FOR UPDATE. */
  async lock(id: string): Promise<ServoSessionRow | null> {
    const transaction = this.requireTransaction();
    const session = await this.models.servoSessions.findOne({
      where: { id },
      lock: transaction.LOCK.UPDATE,
      transaction,
    });
    return session?.get({ plain: true }) ?? null;
  }

  /** Newest first. */
  async list(
    { userId, status, olderThan }: ServoSessionRowFilter,
    limit: number,
  ): Promise<ServoSessionRow[]> {
    const conditions: WhereOptions<ServoSessionRow>[] = [{ userId }];
    if (status && status.length > 0) conditions.push({ status: [...status] });
    if (olderThan) {
      const { createdAt, id } = olderThan;
      conditions.push({ createdAt: { [Op.lte]: createdAt } });
      conditions.push({
        [Op.or]: [{ createdAt: { [Op.lt]: createdAt } }, { createdAt, id: { [Op.lt]: id } }],
      });
    }
    const sessions = await this.models.servoSessions.findAll({
      where: { [Op.and]: conditions },
      order: [
        ['createdAt', 'DESC'],
        ['id', 'DESC'],
      ],
      limit,
      transaction: this.transaction,
    });
    return sessions.map((session) => session.get({ plain: true }));
  }

  async countLive(userId: string): Promise<number> {
    return this.models.servoSessions.count({
      where: { userId, status: { [Op.ne]: 'ended' } },
      transaction: this.transaction,
    });
  }

  async renew(
    instanceId: string,
    leaseMs: number,
    sessions: readonly ServoSessionProgress[],
  ): Promise<string[]> {
    const rows = await this.preparedRows<{ id: string }>(RENEW, [
      instanceId,
      leaseMs,
      sessions.map(({ id }) => id),
      sessions.map(({ status }) => status),
      sessions.map(({ framesAnswered }) => framesAnswered),
      sessions.map(({ framesSkipped }) => framesSkipped),
      sessions.map(({ restarts }) => restarts),
    ]);
    return rows.map(({ id }) => id);
  }

  async end(id: string, columns: EndedColumns): Promise<ServoSessionRow | null> {
    const [, sessions] = await this.models.servoSessions.update(
      { ...columns, status: 'ended', endedAt: NOW, leaseExpiresAt: null },
      { where: { id, status: { [Op.ne]: 'ended' } }, returning: true, transaction: this.transaction },
    );
    return sessions[0]?.get({ plain: true }) ?? null;
  }

  /** Rows that nobody keeps alive, oldest first. */
  async listAbandoned(limit: number, gone: GoneProcess): Promise<AbandonedRow[]> {
    return this.rows<AbandonedRow>(
      `SELECT s.id, s.lease_expires_at AS "leaseExpiresAt", u.deleted_at IS NOT NULL AS deleted
         FROM servo_sessions s JOIN users u ON u.id = s.user_id
        WHERE ${ABANDONED} ORDER BY s.created_at, s.id LIMIT $limit`,
      { limit, ...gone, prefix: PRESENCE_PREFIX },
    );
  }

  /** Whether an api process has its connection for events. */
  async isConnected(instanceId: string): Promise<boolean> {
    const found = await this.rows('SELECT 1 FROM pg_stat_activity WHERE application_name = $name LIMIT 1', {
      name: presenceName(instanceId),
    });
    return found.length > 0;
  }
}
