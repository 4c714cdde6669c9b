import { setTimeout as delay } from 'node:timers/promises';
import { userRoom } from './rooms.js';
import type { JobEvent } from '../../domain/job-event.js';
import type { UserEvent } from '../../domain/realtime.js';
import type { UserListener } from '../realtime-hub.js';
import { coalesced } from './coalesced.js';
import type { RemoteControlPorts } from './ports.js';
import type { ServerEvents } from './messages.js';

/** A state of a player is sent to devices that connect within this time. */
const STATE_SECONDS = 300;
/** Time between two readings of a quota. */
const QUOTA_PAUSE_MS = 250;

/** A socket of a user. */
interface Device {
  send<Name extends keyof ServerEvents>(name: Name, ...values: Parameters<ServerEvents[Name]>): void;
  /** Sends the quota, if the credential of the socket may see it. */
  sendQuota(quota: object): void;
  statusChanged(event: Extract<JobEvent, { type: 'status' }>): void;
}

/**
 * The remote-control sockets of one user in this process. What all of them show is read once, after the last change, so
 * that the sockets of all processes end up with the same.
 */
export class UserDevices implements UserListener {
  readonly #sockets = new Set<Device>();
  #state: string | null = null;
  readonly refreshPresence: () => void;
  readonly #refreshQuota: () => void;
  readonly #saveState: () => void;

  constructor(
    readonly userId: string,
    ports: RemoteControlPorts,
  ) {
    const failed = (error: unknown): void =>
      ports.logger.warn('Devices could not be informed of a change.', { err: error });
    this.refreshPresence = coalesced(failed, async () => {
      const presence = await ports.registry.presence(userId);
      this.#sockets.forEach((socket) => socket.send('client_presence', presence));
    });
    this.#refreshQuota = coalesced(failed, async () => {
      if (this.size === 0) return;
      const quota = await ports.quota(userId);
      this.#sockets.forEach((socket) => socket.sendQuota(quota));
      // Synchronous inference charges many times a second.
      await delay(QUOTA_PAUSE_MS, undefined, { ref: false });
    });
    this.#saveState = coalesced(failed, async () => {
      if (this.#state !== null) await ports.states.keepState(userId, this.#state, STATE_SECONDS);
    });
  }

  get room(): string {
    return userRoom(this.userId);
  }

  get size(): number {
    return this.#sockets.size;
  }

  add(socket: Device): void {
    this.#sockets.add(socket);
    this.refreshPresence();
    this.#refreshQuota();
  }

  remove(socket: Device): void {
    this.#sockets.delete(socket);
  }

  /** Keeps the last state for devices that connect later. While a state is being saved, only the latest one waits. */
  keepState(state: object): void {
    this.#state = JSON.stringify(state);
    this.#saveState();
  }

  statusChanged(event: Extract<JobEvent, { type: 'status' }>): void {
    this.#sockets.forEach((socket) => socket.statusChanged(event));
    // Creating a job reserves credits, and its end releases or captures them.
    this.#refreshQuota();
  }

  userChanged({ message, quota }: UserEvent): void {
    if (message !== undefined) this.#sockets.forEach((socket) => socket.send('notification', { message }));
    else if (quota) this.#refreshQuota();
    else this.refreshPresence();
  }
}
