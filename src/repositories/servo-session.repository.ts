import type { ServoGoalDao } from '../dao/servo-goal.dao.js';
import type { ServoSessionDao } from '../dao/servo-session.dao.js';
import type { Page } from '../domain/repositories/pages.js';
import type {
  AbandonedServoSession,
  GoneProcess,
  NewServoSession,
  ServoSessionEnd,
  ServoSessionFilter,
  ServoSessionRepository,
} from '../domain/repositories/servo-session.repository.js';
import type { ServoSession, ServoSessionProgress } from '../domain/servo-session.js';
import { notFound } from '../errors/common-errors.js';
import { decodeCursor, pageOf } from './page-cursor.js';
import { toServoSession, toServoSessionRow } from './servo-session.mapper.js';

/** Sessions of live servoing in PostgreSQL. */
export class PostgresServoSessionRepository implements ServoSessionRepository {
  readonly #sessions: ServoSessionDao;
  readonly #goals: ServoGoalDao;

  constructor(sessions: ServoSessionDao, goals: ServoGoalDao) {
    this.#sessions = sessions;
    this.#goals = goals;
  }

  async create({ leaseMs, ...session }: NewServoSession): Promise<ServoSession> {
    return toServoSession(await this.#sessions.insert(toServoSessionRow(session), leaseMs));
  }

  async findById(id: string): Promise<ServoSession | null> {
    const row = await this.#sessions.find({ id });
    return row && toServoSession(row);
  }

  async requireOwned(id: string, userId: string): Promise<ServoSession> {
    const row = await this.#sessions.find({ id, userId });
    if (!row) throw notFound('Session', id);
    return toServoSession(row);
  }

  async list({ limit, cursor, ...filter }: ServoSessionFilter): Promise<Page<ServoSession>> {
    const olderThan = cursor === undefined ? undefined : decodeCursor(cursor);
    const { rows, nextCursor } = pageOf(
      await this.#sessions.list({ ...filter, olderThan }, limit + 1),
      limit,
    );
    return { rows: rows.map(toServoSession), nextCursor };
  }

  async countLive(userId: string): Promise<number> {
    return this.#sessions.countLive(userId);
  }

  async renew(
    instanceId: string,
    leaseMs: number,
    sessions: readonly ServoSessionProgress[],
  ): Promise<ReadonlySet<string>> {
    return new Set(await this.#sessions.renew(instanceId, leaseMs, sessions));
  }

  async lock(id: string): Promise<ServoSession | null> {
    const row = await this.#sessions.lock(id);
    return row && toServoSession(row);
  }

  async end(id: string, { reason, captured, ...end }: ServoSessionEnd): Promise<ServoSession | null> {
    const row = await this.#sessions.end(id, {
      ...end,
      endReason: reason,
      capturedMicro: captured,
    });
    return row && toServoSession(row);
  }

  async findAbandoned(limit: number, gone: GoneProcess): Promise<readonly AbandonedServoSession[]> {
    const rows = await this.#sessions.listAbandoned(limit, gone);
    return rows.map(({ deleted, ...row }) => ({ ...row, reason: deleted ? 'account' : 'lost' }));
  }

  async isConnected(instanceId: string): Promise<boolean> {
    return this.#sessions.isConnected(instanceId);
  }

  async keepGoal(
    userId: string,
    { sha256, image }: { sha256: string; image: Uint8Array },
    most: number,
  ): Promise<void> {
    await this.#goals.keep(userId, sha256, image);
    await this.#goals.prune(userId, most);
  }

  async findGoal(userId: string, sha256: string): Promise<Uint8Array | null> {
    return this.#goals.find(userId, sha256);
  }

  async removeGoals(userId: string): Promise<void> {
    await this.#goals.prune(userId, 0);
  }
}
