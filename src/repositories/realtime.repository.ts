import type { RealtimeDao } from '../dao/realtime.dao.js';
import type { RealtimeRepository } from '../domain/repositories/realtime.repository.js';
import type { ConnectionKind, OpenConnection, Presence } from '../domain/realtime.js';

/** The open connections of all api processes in PostgreSQL. */
export class PostgresRealtimeRepository implements RealtimeRepository {
  readonly #rows: RealtimeDao;

  constructor(rows: RealtimeDao) {
    this.#rows = rows;
  }

  beat(instanceId: string): Promise<boolean> {
    return this.#rows.beat(instanceId);
  }

  removeSilent(silentMs: number): Promise<void> {
    return this.#rows.removeInstances({ silentMs });
  }

  removeInstance(instanceId: string): Promise<void> {
    return this.#rows.removeInstances({ id: instanceId });
  }

  async open(
    connection: OpenConnection,
    { instanceId, among }: { readonly instanceId: string; readonly among: readonly ConnectionKind[] },
  ): Promise<number> {
    await this.#rows.insert(connection, instanceId);
    return this.#rows.rank(connection.id, among);
  }

  close({ id }: OpenConnection): Promise<void> {
    return this.#rows.remove(id);
  }

  setPlayer({ id }: OpenConnection, active: boolean): Promise<void> {
    return this.#rows.setPlayer(id, active);
  }

  count(kind: ConnectionKind, userId?: string): Promise<number> {
    return this.#rows.count(kind, userId ?? null);
  }

  async presence(userId: string): Promise<Presence> {
    const { total, player } = await this.#rows.devices(userId);
    return { connectedDevices: total, hasWebPlayer: player };
  }

  announce(userId: string, message: string): Promise<void> {
    return this.#rows.announce(userId, message);
  }

  keepState(userId: string, state: string, seconds: number): Promise<void> {
    return this.#rows.keepState(userId, state, seconds);
  }

  findState(userId: string): Promise<string | null> {
    return this.#rows.findState(userId);
  }

  async keepTicket(digest: Buffer, sealed: Buffer, seconds: number): Promise<Date> {
    await this.#rows.removeEndedTickets();
    return this.#rows.insertTicket(digest, sealed, seconds);
  }

  takeTicket(digest: Buffer): Promise<Buffer | null> {
    return this.#rows.takeTicket(digest);
  }
}
