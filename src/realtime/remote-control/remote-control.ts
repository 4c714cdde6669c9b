import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Server, type DefaultEventsMap, type Namespace } from 'socket.io';
import { SOCKET_IO_PATH } from '../../domain/api-paths.js';
import { AppError } from '../../errors/app-error.js';
import { guarded } from '../../errors/guarded.js';
import { AccountBudgets } from '../account-budgets.js';
import { handshakeCredential } from './credential.js';
import { createEngine, type RemoteEngine } from './engine.js';
import type { ServerEvents } from './messages.js';
import type { RemoteControlPorts, SocketAdapter } from './ports.js';
import {
  EVENT_LIMIT,
  JOIN_LIMIT,
  RemoteSocket,
  type AdmittedClient,
  type ClientSocket,
} from './remote-socket.js';
import { REMOTE_CONTROL_NAMESPACE } from './rooms.js';
import { UserDevices } from './user-devices.js';

/** Time within which a client must be authenticated. */
const HANDSHAKE_MS = 5_000;
/** Attempts to authenticate on one connection. */
const MAX_ATTEMPTS = 5;

/** What a client that was refused receives. */
class Refusal extends Error {
  readonly data: { readonly code: string; readonly message: string };

  constructor({ code, kind, message }: AppError) {
    // Published clients sign in again at this message.
    super(kind === 'unauthenticated' ? 'UNAUTHORIZED' : code);
    this.data = { code, message };
  }
}

/** The library calls it with `new`, which an arrow function does not allow. */
const constructorOf = (adapter: SocketAdapter) =>
  function create(namespace: Namespace) {
    return adapter.create(namespace);
  };

/** The Socket.IO server with the namespace `/remote-control`, by which the devices of a user control each other. */
export class RemoteControl {
  readonly #transport: RemoteEngine;
  readonly #server: Server<DefaultEventsMap, ServerEvents>;
  readonly #clients = new WeakMap<ClientSocket, AdmittedClient>();
  readonly #attempts = new WeakMap<object, { count: number; isRunning: boolean }>();
  readonly #users = new Map<string, { devices: UserDevices; registration: { close(): void } }>();
  readonly #joins: AccountBudgets;
  readonly #events: AccountBudgets;

  readonly #ports: RemoteControlPorts;

  constructor(ports: RemoteControlPorts) {
    this.#ports = ports;
    this.#joins = new AccountBudgets(JOIN_LIMIT, ports.counts);
    this.#events = new AccountBudgets(EVENT_LIMIT, ports.counts);
    this.#transport = createEngine(this.#failed);
    const { adapter } = ports;
    this.#server = new Server<DefaultEventsMap, ServerEvents>({
      serveClient: false,
      connectTimeout: HANDSHAKE_MS,
      ...(adapter && { adapter: constructorOf(adapter) }),
    });
    this.#server.bind(this.#transport.engine);
    this.#serve();
  }

  /** Whether an upgrade belongs to Socket.IO. */
  takes(pathname: string): boolean {
    return pathname === SOCKET_IO_PATH || pathname === `${SOCKET_IO_PATH}/`;
  }

  /** Handles a request of the transport by long polling. */
  readonly request = (request: IncomingMessage, response: ServerResponse): void =>
    this.#transport.engine.handleRequest(request, response);

  upgrade(
    request: IncomingMessage,
    { socket, head }: { readonly socket: Duplex; readonly head: Buffer },
  ): void {
    this.#transport.engine.handleUpgrade(request, socket, head);
  }

  /** Ends all connections, so that clients connect to another process. */
  async close(): Promise<void> {
    await this.#server.close();
    await this.#transport.closed();
    await this.#ports.adapter?.close();
  }

  readonly #failed = (error: unknown): void =>
    this.#ports.logger.warn('A listener of remote control failed.', { err: error });

  #serve(): void {
    // Every server has this namespace; a client could stay in it without authentication.
    this.#server.of('/').use((_socket, next) => next(new Error('Invalid namespace')));
    const namespace = this.#server.of(REMOTE_CONTROL_NAMESPACE);
    namespace.use((socket, next) => {
      this.#admit(socket).then(
        () => next(),
        (error: unknown) => next(this.#refusal(error)),
      );
    });
    namespace.on(
      'connection',
      guarded(this.#failed, (socket: ClientSocket) => this.#connect(socket)),
    );
  }

  async #admit(socket: ClientSocket): Promise<void> {
    const attempts = this.#attempts.get(socket.conn) ?? { count: 0, isRunning: false };
    this.#attempts.set(socket.conn, attempts);
    attempts.count += 1;
    if (attempts.isRunning || attempts.count > MAX_ATTEMPTS)
      throw new AppError('TOO_MANY_ATTEMPTS', { message: 'Too many attempts on this connection.' });
    attempts.isRunning = true;
    try {
      const { request } = socket.conn;
      const caller = await this.#ports.admit(
        handshakeCredential(socket.handshake.auth, request),
        this.#ports.addressOf(request),
      );
      const registration = await this.#ports.registry.open('remote', caller.credential.userId);
      this.#clients.set(socket, { ...caller, registration });
      // A client that has left in the meantime is never announced as connected.
      socket.conn.once('close', () => registration.close());
      if (socket.conn.readyState !== 'open') registration.close();
    } finally {
      attempts.isRunning = false;
    }
  }

  #refusal(error: unknown): Refusal {
    if (error instanceof AppError && error.kind !== 'internal') return new Refusal(error);
    this.#failed(error);
    return new Refusal(new AppError('INTERNAL', { message: 'An internal error occurred.' }));
  }

  #connect(socket: ClientSocket): void {
    const client = this.#clients.get(socket);
    if (!client) {
      socket.disconnect(true);
      return;
    }
    const devices = this.#devicesOf(client.credential.userId);
    socket.once('disconnect', (reason) => {
      // A connection that has left the namespace would stay open without authentication.
      if (reason === 'client namespace disconnect') setImmediate(() => socket.conn.close(true));
    });
    const shared = { devices, joins: this.#joins, events: this.#events };
    new RemoteSocket(socket, { ports: this.#ports, client, ...shared }).start();
    socket.once('disconnect', () => this.#forget(devices));
  }

  #devicesOf(userId: string): UserDevices {
    const known = this.#users.get(userId);
    if (known) return known.devices;
    const devices = new UserDevices(userId, this.#ports);
    this.#users.set(userId, { devices, registration: this.#ports.hub.connect(devices) });
    return devices;
  }

  #forget(devices: UserDevices): void {
    if (devices.size > 0) return;
    this.#users.get(devices.userId)?.registration.close();
    this.#users.delete(devices.userId);
  }
}
