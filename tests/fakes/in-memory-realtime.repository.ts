import type { RealtimeRepository } from '../../src/domain/repositories/realtime.repository.js';
import type { ConnectionKind, OpenConnection, Presence } from '../../src/domain/realtime.js';

/** Open connections in memory, of one process. */
export class InMemoryRealtimeRepository implements RealtimeRepository {
  readonly #open = new Map<string, OpenConnection & { player: boolean }>();
  readonly #states = new Map<string, string>();
  readonly #tickets = new Map<string, Buffer>();
  #seen = false;

  async beat(): Promise<boolean> {
    const isNew = !this.#seen;
    this.#seen = true;
    return isNew;
  }

  async removeSilent(): Promise<void> {}

  async removeInstance(): Promise<void> {
    this.#open.clear();
  }

  async open(
    connection: OpenConnection,
    { among }: { readonly among: readonly ConnectionKind[] },
  ): Promise<number> {
    if (!this.#open.has(connection.id)) this.#open.set(connection.id, { ...connection, player: false });
    return this.#of(connection.userId).filter(({ kind }) => among.includes(kind)).length;
  }

  async close({ id }: OpenConnection): Promise<void> {
    this.#open.delete(id);
  }

  async setPlayer({ id }: OpenConnection, active: boolean): Promise<void> {
    const known = this.#open.get(id);
    if (known) known.player = active;
  }

  async count(kind: ConnectionKind, userId?: string): Promise<number> {
    return this.#of(userId).filter((connection) => connection.kind === kind).length;
  }

  async presence(userId: string): Promise<Presence> {
    const devices = this.#of(userId).filter(({ kind }) => kind === 'remote');
    return { connectedDevices: devices.length, hasWebPlayer: devices.some(({ player }) => player) };
  }

  async announce(): Promise<void> {}

  async keepState(userId: string, state: string): Promise<void> {
    this.#states.set(userId, state);
  }

  async findState(userId: string): Promise<string | null> {
    return this.#states.get(userId) ?? null;
  }

  async keepTicket(digest: Buffer, sealed: Buffer, seconds: number): Promise<Date> {
    this.#tickets.set(digest.toString('hex'), sealed);
    return new Date(Date.now() + 1000 * seconds);
  }

  async takeTicket(digest: Buffer): Promise<Buffer | null> {
    const name = digest.toString('hex');
    const sealed = this.#tickets.get(name) ?? null;
    this.#tickets.delete(name);
    return sealed;
  }

  #of(userId?: string) {
    return [...this.#open.values()].filter(
      (connection) => userId === undefined || connection.userId === userId,
    );
  }
}
