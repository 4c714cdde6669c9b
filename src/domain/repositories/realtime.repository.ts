import type { ConnectionKind, OpenConnection, Presence } from '../realtime.js';

/**
 * The open connections of all api processes, in the database. Changes of a user's remote-control devices are announced
 * on the channel of user events at commit.
 */
export interface RealtimeRepository {
  /**
   * Marks an instance as alive.
   * @returns whether it is new here, so that its connections have to be registered again
   */
  beat(instanceId: string): Promise<boolean>;
  /** Removes instances that were not seen for `silentMs`, with their connections. */
  removeSilent(silentMs: number): Promise<void>;
  /** Removes an instance with its connections. */
  removeInstance(instanceId: string): Promise<void>;
  /**
   * Registers a connection; idempotent.
   * @returns its rank, from 1, among the user's open connections of these kinds by time of opening
   */
  open(
    connection: OpenConnection,
    where: { readonly instanceId: string; readonly among: readonly ConnectionKind[] },
  ): Promise<number>;
  close(connection: OpenConnection): Promise<void>;
  /** Records whether a device is an active web player. */
  setPlayer(connection: OpenConnection, active: boolean): Promise<void>;
  /** Number of open connections of a kind, of one user or of all. */
  count(kind: ConnectionKind, userId?: string): Promise<number>;
  presence(userId: string): Promise<Presence>;
  /** Sends a text to the open connections of a user on all instances. */
  announce(userId: string, message: string): Promise<void>;
  /** Keeps the last reported state of a user's player, as JSON. */
  keepState(userId: string, state: string, seconds: number): Promise<void>;
  /** The last reported state as JSON; null when there is none or it has expired. */
  findState(userId: string): Promise<string | null>;
  /** Keeps the encrypted credential of a ticket for so long. @returns when it ends */
  keepTicket(digest: Buffer, sealed: Buffer, seconds: number): Promise<Date>;
  /** Removes a ticket; null when there is none or it has ended. Of several callers only one gets it. */
  takeTicket(digest: Buffer): Promise<Buffer | null>;
}
