import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { SERVO_STREAM_PATH } from '../domain/api-paths.js';
import type { Credential, WatchedCredential } from '../domain/credential.js';
import type { LiveServo } from '../domain/servo-event.js';
import type { ServoSession } from '../domain/servo-session.js';
import { AppError } from '../errors/app-error.js';
import type { Logger } from '../logging/logger.js';
import type { CredentialChanges } from './credential-changes.js';
import { UserBudgets } from './message-budget.js';
import {
  ServoStreamConnection,
  type AdmittedStream,
  type ServoStreamPorts,
} from './servo-stream-connection.js';
import { SocketServer, type Upgrade } from './socket-server.js';
import { refuseUpgrade, type Refusal } from './upgrade-refusal.js';

/** Subprotocols by which a client asks for the form of answers; JSON without one. */
const BINARY_PROTOCOL = 'infernode.servo.binary';
const PROTOCOLS = ['infernode.servo.json', BINARY_PROTOCOL];
const MAX_FRAGMENTS = 1024;
/** Header and size of a frame. */
const FRAME_OVERHEAD = 64;
/** Messages of any kind on a connection; no camera is faster. */
const BUDGET = { burst: 1000, perSecond: 500 };
/** Bytes that a client may send before it is known who it is. */
const MAX_ANONYMOUS_BYTES = 16 * 1024;
/** Connections of one user: each takes over from the one before it. */
const CONNECT_BUDGET = { burst: 30, perSecond: 2 };

/** A request for a stream. */
export interface UpgradeRequest {
  readonly pathname: string;
  /** Credential in its headers, or what is wrong with it; null without one. */
  readonly credential: Credential | AppError | null;
  readonly address: string;
}

/** What the streams are made of. */
export interface ServoStreamsOptions {
  readonly logger: Logger;
  readonly maxFrameBytes: number;
  readonly changes: CredentialChanges;
  /** @throws AppError of kind unauthenticated, forbidden or rate_limited. */
  admit(credential: Credential, address: string): Promise<WatchedCredential>;
  /** The session of a user. @throws AppError NOT_FOUND and those of sessions that are not here */
  open(id: string, userId: string): Promise<LiveServo>;
  /** A session as the API shows it to the client of a request. */
  present(session: ServoSession, request: IncomingMessage): object;
  /** How an error is told to a client that has no WebSocket yet. */
  refusal(error: unknown, path: string): Refusal;
}

/** The WebSockets of sessions of live servoing. */
export class ServoStreams {
  readonly #options: ServoStreamsOptions;
  readonly #server: SocketServer;
  readonly #connects = new UserBudgets(CONNECT_BUDGET);

  constructor(options: ServoStreamsOptions) {
    this.#options = options;
    const { logger, changes, maxFrameBytes } = options;
    this.#server = new SocketServer({
      logger,
      changes,
      budget: BUDGET,
      maxPayload: maxFrameBytes + FRAME_OVERHEAD,
      maxFragments: MAX_FRAGMENTS,
      protocols: PROTOCOLS,
    });
  }

  /** Whether a path is that of a stream. */
  takes(pathname: string): boolean {
    return SERVO_STREAM_PATH.test(pathname);
  }

  /**
   * Opens a stream. A client with a credential in its headers gets errors as HTTP answers; any other one sends it as first
   * message and gets them as messages.
   */
  upgrade({ pathname, credential, address }: UpgradeRequest, upgrade: Upgrade): void {
    const { request, socket } = upgrade;
    const id = (SERVO_STREAM_PATH.exec(pathname)?.[1] ?? '').toLowerCase();
    const ports: ServoStreamPorts = {
      maxFrameBytes: this.#options.maxFrameBytes,
      admit: (own) => this.#admit(id, own, address),
      present: (session) => this.#options.present(session, request),
    };
    const connect = (admitted: AdmittedStream | null): void => this.#connect(upgrade, ports, admitted);
    if (credential === null) connect(null);
    else if (credential instanceof AppError) this.#refuse(credential, pathname, socket);
    else
      ports
        .admit(credential)
        .then(connect)
        .catch((error: unknown) => this.#refuse(error, pathname, socket));
  }

  /** Closes all connections, so that clients connect elsewhere or give up. */
  close(): Promise<void> {
    return this.#server.close();
  }

  async #admit(id: string, given: Credential, address: string): Promise<AdmittedStream> {
    const credential = await this.#options.admit(given, address);
    const { userId } = credential;
    if (!this.#connects.take(userId)) {
      const message = `More than ${String(CONNECT_BUDGET.perSecond)} streams a second are opened by this account.`;
      throw new AppError('RATE_LIMITED', { message, retryAfterSeconds: 1 });
    }
    return { live: await this.#options.open(id, userId), credential };
  }

  #connect(upgrade: Upgrade, ports: ServoStreamPorts, admitted: AdmittedStream | null): void {
    const { socket } = upgrade;
    if (socket.destroyed) return;
    const anonymous = admitted ? null : limitBytes(socket, MAX_ANONYMOUS_BYTES);
    const admit = async (credential: Credential): Promise<AdmittedStream> => {
      const known = await ports.admit(credential);
      anonymous?.lift();
      return known;
    };
    this.#server.accept(upgrade, (client, protocol) => {
      const connection = new ServoStreamConnection(client, { ...ports, admit }, protocol === BINARY_PROTOCOL);
      client.serve(connection);
      if (admitted) connection.begin(admitted);
    });
  }

  #refuse(error: unknown, path: string, socket: Duplex): void {
    refuseUpgrade(socket, this.#options.refusal(error, path));
  }
}

/** Cuts a connection that sends more than so many bytes before the limit is lifted. */
function limitBytes(socket: Duplex, most: number): { lift(): void } {
  let total = 0;
  const count = (chunk: Buffer): void => {
    total += chunk.length;
    if (total > most) socket.destroy();
  };
  socket.on('data', count);
  return { lift: () => void socket.off('data', count) };
}
