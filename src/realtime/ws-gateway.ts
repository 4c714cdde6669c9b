import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WEBSOCKET_PATH } from '../domain/api-paths.js';
import { readCredential, type Credential } from '../domain/credential.js';
import { AppError } from '../errors/app-error.js';
import { tokenProblem } from '../errors/common-errors.js';
import { guarded } from '../errors/guarded.js';
import { serveWithoutUpgrade } from '../lifecycle/without-upgrade.js';
import { AccountBudgets } from './account-budgets.js';
import type { ConnectionPorts } from './connection-ports.js';
import type { RemoteControl } from './remote-control/remote-control.js';
import type { ServoStreams } from './servo-streams.js';
import { SocketServer } from './socket-server.js';
import { refuseUpgrade, type Refusal } from './upgrade-refusal.js';
import { SUBSCRIBE_LIMIT, WsConnection } from './ws-connection.js';

const MAX_PAYLOAD_BYTES = 16 * 1024;
const MAX_FRAGMENTS = 64;
/** Messages of a connection. */
const BUDGET = { burst: 100, perSecond: 20 };

/** Options of the gateway. */
export interface WsGatewayOptions extends ConnectionPorts {
  /** Whether pages of this origin may connect. Clients without an `Origin` header are not browsers. */
  originAllowed(origin: string, host: string | undefined): boolean;
  /** The address of the client, which a trusted proxy may have forwarded. */
  addressOf(request: IncomingMessage): string;
  /** How an error is told to a client that has no WebSocket yet. */
  refusal(error: AppError, path: string): Refusal;
  /** WebSockets of other paths, opened behind the same checks. */
  readonly streams?: Pick<ServoStreams, 'takes' | 'upgrade'>;
  readonly remote?: Pick<RemoteControl, 'takes' | 'upgrade'>;
}

const BASE = 'http://localhost';

/** Parses the request target, which may be any text. */
function targetOf({ url = '' }: IncomingMessage): URL | null {
  return URL.canParse(url, BASE) ? new URL(url, BASE) : null;
}

const asksForWebSocket = ({ headers }: IncomingMessage): boolean =>
  /(^|,)\s*websocket\s*(,|$)/i.test(headers.upgrade ?? '');

/** The credential of an upgrade request, in its headers or as ticket in its URL, or what is wrong with it. */
function credentialOrProblem(request: IncomingMessage, { searchParams }: URL): Credential | AppError | null {
  try {
    const credential = readCredential(request);
    const [ticket, ...more] = searchParams.getAll('ticket');
    if (ticket === undefined) return credential;
    return credential === null && more.length === 0
      ? { kind: 'ticket', ticket }
      : tokenProblem('CREDENTIALS_AMBIGUOUS');
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

/** The WebSocket endpoint `/ws`, and upgrades of other paths, which are passed to their own handlers. */
export class WsGateway {
  readonly #server: SocketServer;
  readonly #subscriptions: AccountBudgets;

  readonly #options: WsGatewayOptions;

  constructor(options: WsGatewayOptions) {
    this.#options = options;
    const { logger, changes } = options;
    this.#subscriptions = new AccountBudgets(SUBSCRIBE_LIMIT, options.counts);
    this.#server = new SocketServer({
      logger,
      changes,
      budget: BUDGET,
      maxPayload: MAX_PAYLOAD_BYTES,
      maxFragments: MAX_FRAGMENTS,
    });
  }

  /**
   * Handles upgrade requests of `server` to a WebSocket; requests for another protocol or path are handled as
   * ordinary requests.
   */
  attach(server: Server): void {
    server.on('upgrade', (request, socket: Duplex, head) => {
      guarded(
        (error) => {
          this.#failed(error);
          socket.destroy();
        },
        () => {
          const url = targetOf(request);
          if (url !== null && this.#takes(url.pathname) && asksForWebSocket(request))
            this.#upgrade(url, request, { socket, head });
          else serveWithoutUpgrade(server, request, head);
        },
      )();
    });
  }

  /** Closes all connections of `/ws`, so that clients reconnect. */
  close(): Promise<void> {
    return this.#server.close();
  }

  #takes(pathname: string): boolean {
    const { streams, remote } = this.#options;
    return (
      pathname === WEBSOCKET_PATH || streams?.takes(pathname) === true || remote?.takes(pathname) === true
    );
  }

  readonly #failed = (error: unknown): void =>
    this.#options.logger.warn('A listener of the WebSocket failed.', { err: error });

  /** Why a request may not open a WebSocket of any path, or null. */
  #problemOf(url: URL, { headers: { origin, host } }: IncomingMessage): AppError | null {
    if (origin !== undefined && !this.#options.originAllowed(origin, host)) {
      const message = 'Pages of this origin may not open a WebSocket here.';
      return new AppError('ORIGIN_NOT_ALLOWED', { message });
    }
    // Tokens in URLs would end up in logs and browser histories.
    if (!url.searchParams.has('token')) return null;
    const message =
      'Tokens in the URL are refused: send it as `Authorization: Bearer <token>` or as first message, or a ticket as `ticket`.';
    return tokenProblem('TOKEN_NOT_BEARER', message);
  }

  #upgrade(
    url: URL,
    request: IncomingMessage,
    { socket, head }: { readonly socket: Duplex; readonly head: Buffer },
  ): void {
    socket.on('error', () => socket.destroy());
    const problem = this.#problemOf(url, request);
    if (problem) return refuseUpgrade(socket, this.#options.refusal(problem, url.pathname));
    const { pathname } = url;
    // It reads its credentials itself, which may also be in its first message.
    if (this.#options.remote?.takes(pathname)) return this.#options.remote.upgrade(request, { socket, head });
    const credential = credentialOrProblem(request, url);
    const address = this.#options.addressOf(request);
    if (pathname !== WEBSOCKET_PATH)
      return this.#options.streams?.upgrade({ pathname, credential, address }, { request, socket, head });
    const start = { credential, address, subscriptions: this.#subscriptions };
    this.#server.accept({ request, socket, head }, (client) =>
      client.serve(new WsConnection(client, this.#options, start)),
    );
  }
}
