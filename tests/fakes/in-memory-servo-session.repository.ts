import type { Page } from '../../src/domain/repositories/pages.js';
import type {
  AbandonedServoSession,
  GoneProcess,
  NewServoSession,
  ServoSessionEnd,
  ServoSessionFilter,
  ServoSessionRepository,
} from '../../src/domain/repositories/servo-session.repository.js';
import type { ServoSession, ServoSessionProgress } from '../../src/domain/servo-session.js';
import { notFound } from '../../src/errors/common-errors.js';
import { decodeCursor, pageOf } from '../../src/repositories/page-cursor.js';
import type { InMemoryStore } from './in-memory-store.js';

/** Sessions of live servoing in memory. */
export class InMemoryServoSessionRepository implements ServoSessionRepository {
  readonly #store: InMemoryStore;

  constructor(store: InMemoryStore) {
    this.#store = store;
  }

  async create({ leaseMs, ...session }: NewServoSession): Promise<ServoSession> {
    const now = this.#store.now();
    const row: ServoSession = {
      ...session,
      status: 'active',
      endReason: null,
      recordStopped: null,
      jobId: null,
      leaseExpiresAt: new Date(now.getTime() + leaseMs),
      framesAnswered: 0,
      framesSkipped: 0,
      restarts: 0,
      captured: 0n,
      createdAt: now,
      endedAt: null,
    };
    this.#store.servoSessions.set(row.id, row);
    return row;
  }

  async findById(id: string): Promise<ServoSession | null> {
    return this.#store.servoSessions.get(id) ?? null;
  }

  async requireOwned(id: string, userId: string): Promise<ServoSession> {
    const session = this.#store.servoSessions.get(id);
    if (session?.userId !== userId) throw notFound('Session', id);
    return session;
  }

  async list({ userId, status = [], limit, cursor }: ServoSessionFilter): Promise<Page<ServoSession>> {
    const place = ({ createdAt, id }: { createdAt: Date; id: string }) => `${createdAt.toISOString()} ${id}`;
    const after = cursor === undefined ? null : place(decodeCursor(cursor));
    const found = [...this.#store.servoSessions.values()]
      .filter((session) => session.userId === userId)
      .filter((session) => status.length === 0 || status.includes(session.status))
      .filter((session) => after === null || place(session) < after)
      .sort((a, b) => (place(a) < place(b) ? 1 : -1));
    return pageOf(found, limit);
  }

  async countLive(userId: string): Promise<number> {
    return [...this.#store.servoSessions.values()].filter(
      (session) => session.userId === userId && session.status !== 'ended',
    ).length;
  }

  async renew(
    instanceId: string,
    leaseMs: number,
    sessions: readonly ServoSessionProgress[],
  ): Promise<ReadonlySet<string>> {
    const ours = new Set<string>();
    for (const progress of sessions) {
      const row = this.#store.servoSessions.get(progress.id);
      if (!row || row.instance.id !== instanceId || row.status === 'ended') continue;
      ours.add(row.id);
      this.#store.servoSessions.set(row.id, {
        ...row,
        status: progress.status,
        framesAnswered: Math.max(row.framesAnswered, progress.framesAnswered),
        framesSkipped: Math.max(row.framesSkipped, progress.framesSkipped),
        restarts: Math.max(row.restarts, progress.restarts),
        leaseExpiresAt: new Date(this.#store.now().getTime() + leaseMs),
      });
    }
    return ours;
  }

  async lock(id: string): Promise<ServoSession | null> {
    return this.findById(id);
  }

  async end(id: string, { reason, ...end }: ServoSessionEnd): Promise<ServoSession | null> {
    const row = this.#store.servoSessions.get(id);
    if (!row || row.status === 'ended') return null;
    const ended: ServoSession = {
      ...row,
      ...end,
      status: 'ended',
      endReason: reason,
      leaseExpiresAt: null,
      endedAt: this.#store.now(),
    };
    this.#store.servoSessions.set(id, ended);
    return ended;
  }

  async findAbandoned(limit: number, { unspentMs }: GoneProcess): Promise<readonly AbandonedServoSession[]> {
    const due = new Date(this.#store.now().getTime() + unspentMs);
    return [...this.#store.servoSessions.values()]
      .flatMap(({ id, userId, leaseExpiresAt }): AbandonedServoSession[] => {
        if (leaseExpiresAt === null) return [];
        if (this.#store.users.get(userId)?.deletedAt) return [{ id, leaseExpiresAt, reason: 'account' }];
        return leaseExpiresAt < due ? [{ id, leaseExpiresAt, reason: 'lost' }] : [];
      })
      .slice(0, limit);
  }

  async isConnected(): Promise<boolean> {
    return false;
  }

  async keepGoal(
    userId: string,
    { sha256, image }: { sha256: string; image: Uint8Array },
    most: number,
  ): Promise<void> {
    // The order of a map is that of its insertions.
    this.#store.servoGoals.delete(`${userId} ${sha256}`);
    this.#store.servoGoals.set(`${userId} ${sha256}`, image);
    this.#prune(userId, most);
  }

  async findGoal(userId: string, sha256: string): Promise<Uint8Array | null> {
    return this.#store.servoGoals.get(`${userId} ${sha256}`) ?? null;
  }

  async removeGoals(userId: string): Promise<void> {
    this.#prune(userId, 0);
  }

  #prune(userId: string, most: number): void {
    const own = [...this.#store.servoGoals.keys()].filter((key) => key.startsWith(`${userId} `));
    own.slice(0, Math.max(0, own.length - most)).forEach((key) => this.#store.servoGoals.delete(key));
  }
}
