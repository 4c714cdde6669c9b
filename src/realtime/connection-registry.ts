import { randomUUID } from 'node:crypto';
import type { ConnectionKind, OpenConnection, Presence } from '../domain/realtime.js';
import type { RealtimeRepository } from '../domain/repositories/realtime.repository.js';
import { AppError } from '../errors/app-error.js';
import { guarded } from '../errors/guarded.js';
import type { Logger } from '../logging/logger.js';

/** Connections of one account: sockets of `/ws` and remote control together, and event streams. */
const LIMITS: Readonly<
  Record<ConnectionKind, { most: number; among: readonly ConnectionKind[]; noun: string }>
> = {
  ws: { most: 50, among: ['ws', 'remote'], noun: 'connections' },
  remote: { most: 50, among: ['ws', 'remote'], noun: 'connections' },
  sse: { most: 50, among: ['sse'], noun: 'open event streams' },
};
const BEAT_MS = 3_000;
/** An instance that was not seen for this long is regarded as ended. */
const SILENT_MS = 12_000;

/** A registered connection. */
export interface Registration {
  setPlayer(active: boolean): Promise<void>;
  /** Idempotent. */
  close(): void;
}

/**
 * Registers the open connections of this process in the database, so that limits, statistics and presence count those
 * of all api processes.
 */
export class ConnectionRegistry {
  readonly #instanceId = randomUUID();
  readonly #open = new Map<string, OpenConnection & { player: boolean }>();
  readonly #timer: NodeJS.Timeout;
  #started: Promise<void> | null = null;
  #beatAt = -Infinity;
  #closed = false;

  readonly #rows: RealtimeRepository;
  readonly #logger: Logger;

  constructor(rows: RealtimeRepository, logger: Logger) {
    this.#rows = rows;
    this.#logger = logger;
    this.#timer = setInterval(
      guarded(this.#failed, () => this.#beat()),
      BEAT_MS,
    );
    this.#timer.unref();
  }

  /**
   * Registers a connection. If the account has too many, on all api processes together, it is removed again.
   * @throws AppError TOO_MANY_CONNECTIONS, and errors of the database
   */
  async open(kind: ConnectionKind, userId: string): Promise<Registration> {
    if (this.#closed) throw new AppError('SHUTTING_DOWN', { message: 'The server is shutting down.' });
    await this.#registered();
    const connection = { id: randomUUID(), userId, kind, player: false };
    const { most, among, noun } = LIMITS[kind];
    this.#open.set(connection.id, connection);
    try {
      const rank = await this.#insert(connection, among);
      if (rank > most)
        throw new AppError('TOO_MANY_CONNECTIONS', {
          message: `An account may have at most ${String(most)} ${noun}. Close some of them first.`,
          details: { limit: most },
        });
    } catch (error) {
      this.#close(connection);
      throw error;
    }
    return {
      setPlayer: async (active) => {
        connection.player = active;
        await this.#rows.setPlayer(connection, active);
      },
      close: () => this.#close(connection),
    };
  }

  /** Number of open connections of a kind on all api processes, of one user or of all. */
  count(kind: ConnectionKind, userId?: string): Promise<number> {
    return this.#rows.count(kind, userId);
  }

  /** The remote-control devices of a user on all api processes. */
  presence(userId: string): Promise<Presence> {
    return this.#rows.presence(userId);
  }

  /** Removes all connections of this process; connections that are opened later are not registered. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closed = true;
    this.#open.clear();
    if (this.#started) await this.#rows.removeInstance(this.#instanceId).catch(this.#failed);
  }

  readonly #failed = (error: unknown): void =>
    this.#logger.warn('Open connections could not be registered; the next attempt follows soon.', {
      err: error,
    });

  #registered(): Promise<void> {
    this.#started ??= this.#rows.beat(this.#instanceId).then(
      () => undefined,
      (error: unknown) => {
        this.#started = null;
        throw error;
      },
    );
    return this.#started;
  }

  async #insert(connection: OpenConnection, among: readonly ConnectionKind[]): Promise<number> {
    const where = { instanceId: this.#instanceId, among };
    try {
      return await this.#rows.open(connection, where);
    } catch (error) {
      // Another process removed this one after a pause in which it was not seen.
      if (!(error instanceof AppError && error.code === 'REFERENCE_MISSING')) throw error;
      await this.#rows.beat(this.#instanceId);
      return this.#rows.open(connection, where);
    }
  }

  #close(connection: OpenConnection): void {
    if (!this.#open.delete(connection.id)) return;
    this.#rows.close(connection).catch(this.#failed);
  }

  async #beat(): Promise<void> {
    if (!this.#started) return;
    const isNew = await this.#rows.beat(this.#instanceId);
    if (isNew) await this.#registerAgain();
    const now = performance.now();
    // After an interruption the other processes get time to be seen again.
    if (now - this.#beatAt < 2 * BEAT_MS) await this.#rows.removeSilent(SILENT_MS);
    this.#beatAt = now;
  }

  async #registerAgain(): Promise<void> {
    for (const connection of [...this.#open.values()]) {
      if (!this.#open.has(connection.id)) continue;
      await this.#rows.open(connection, { instanceId: this.#instanceId, among: [connection.kind] });
      if (connection.player) await this.#rows.setPlayer(connection, true);
      // It was closed in the meantime.
      if (!this.#open.has(connection.id)) await this.#rows.close(connection);
    }
  }
}
