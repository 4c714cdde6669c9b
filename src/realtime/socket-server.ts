import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type ServerOptions } from 'ws';
import { guarded } from '../errors/guarded.js';
import { ClientSocket, type ClientSocketPorts } from './client-socket.js';
import { CLOSE_CODES } from './event-map.js';
import { CLOSE_GRACE_MS, HEARTBEAT_MS } from './connection-limits.js';

/** Limits of the messages of one kind of WebSockets. */
export interface SocketServerOptions
  extends ClientSocketPorts, Required<Pick<ServerOptions, 'maxPayload' | 'maxFragments'>> {
  /** Subprotocols, the preferred one first. */
  readonly protocols?: readonly string[];
}

/** An upgrade request with its connection. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** Opens WebSockets, sends their heartbeats and closes them together. */
export class SocketServer {
  readonly #server: WebSocketServer;
  readonly #clients = new Set<ClientSocket>();
  readonly #heartbeat: NodeJS.Timeout;

  readonly #options: SocketServerOptions;

  constructor(options: SocketServerOptions) {
    this.#options = options;
    const { maxPayload, maxFragments, protocols = [] } = options;
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload,
      maxFragments,
      perMessageDeflate: false,
      // Pings count towards the message budget, so the connection answers them.
      autoPong: false,
      handleProtocols: (offered) => protocols.find((name) => offered.has(name)) ?? false,
    });
    this.#heartbeat = setInterval(
      guarded(
        (error) => options.logger.warn('A heartbeat of the WebSockets failed.', { err: error }),
        () => this.#clients.forEach((client) => client.heartbeat()),
      ),
      HEARTBEAT_MS,
    );
    this.#heartbeat.unref();
  }

  /** Opens a WebSocket; `onOpen` gets it with the agreed subprotocol, empty without one. */
  accept({ request, socket, head }: Upgrade, onOpen: (client: ClientSocket, protocol: string) => void): void {
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const client = new ClientSocket(webSocket, this.#options);
      this.#clients.add(client);
      webSocket.once('close', () => this.#clients.delete(client));
      guarded(client.fail, onOpen)(client, webSocket.protocol);
    });
  }

  /**
   * Closes all connections with a close frame, so that clients reconnect, and terminates those that do not
   * answer.
   */
  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    this.#clients.forEach((client) => client.end(CLOSE_CODES.goingAway, 'The server is shutting down.'));
    const cut = setTimeout(
      () => this.#server.clients.forEach((socket) => socket.terminate()),
      CLOSE_GRACE_MS,
    );
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    clearTimeout(cut);
  }
}
