import { randomUUID } from 'node:crypto';
import type { RawData, WebSocket } from 'ws';
import type { JobEvent } from '../domain/job-event.js';
import type { UserEvent } from '../domain/realtime.js';
import { AppError } from '../errors/app-error.js';
import { guarded } from '../errors/guarded.js';
import type { Credential, WatchedCredential } from '../domain/credential.js';
import { readClientMessage } from './client-message.js';
import type { ConnectionPorts, ConnectionStart } from './connection-ports.js';
import { CredentialWatch } from './credential-watch.js';
import {
  CLOSE_CODES,
  credentialIn,
  encode,
  type ClientMessage,
  type ServerMessages,
  type ServerMessageType,
} from './event-map.js';
import { MessageBudget } from './message-budget.js';
import { MessageInbox } from './message-inbox.js';
import type { UserListener } from './realtime-hub.js';
import { refusalOf } from './refusal.js';
import { endsJob } from './event-stream.js';

const SILENCE_MS = 5000;
const MAX_BUFFERED_BYTES = 1024 * 1024;
const MAX_SUBSCRIPTIONS = 200;
const ANONYMOUS_MESSAGES = 20;
const CLOSE_GRACE_MS = 1000;
const BUDGET = { burst: 100, perSecond: 20 };
/** Subscription budget of a user, over all connections; each reads the job, its queue position and events. */
export const SUBSCRIBE_BUDGET = { burst: 400, perSecond: 20 };

/** One WebSocket client: authenticates, receives notifications and subscribes to jobs. */
export class WsConnection implements UserListener {
  readonly #id = randomUUID();
  readonly #budget = new MessageBudget(BUDGET);
  readonly #following = new Map<string, { close(): void }>();
  #credential: WatchedCredential | null = null;
  #registrations: readonly { close(): void }[] | null = null;
  readonly #silence: NodeJS.Timeout;
  readonly #watch: CredentialWatch;
  #ended = false;
  #anonymousMessages = 0;
  readonly #inbox: MessageInbox;
  /** Cleared by the gateway before each ping, set by the pong. */
  alive = true;

  readonly #socket: WebSocket;
  readonly #ports: ConnectionPorts;
  readonly #start: ConnectionStart;

  constructor(socket: WebSocket, ports: ConnectionPorts, start: ConnectionStart) {
    this.#socket = socket;
    this.#ports = ports;
    this.#start = start;

    this.#inbox = new MessageInbox(socket, (error) => this.#reportFailure(error));
    this.#watch = new CredentialWatch({
      changes: ports.changes,
      onEnd: () => this.end(CLOSE_CODES.notAuthenticated, 'The credential has expired or was revoked.'),
      onError: (error) => this.#reportFailure(error),
    });
    const safely = <Values extends unknown[]>(listener: (...values: Values) => unknown) =>
      guarded((error) => this.#fail(error), listener);
    this.#silence = setTimeout(
      safely(() => this.end(CLOSE_CODES.notAuthenticated, 'The client did not authenticate in time.')),
      SILENCE_MS,
    );
    socket.on(
      'message',
      safely((data: RawData, isBinary: boolean) => this.#receive(data, isBinary)),
    );
    socket.on(
      'ping',
      safely((data: Buffer) => this.#answerPing(data)),
    );
    socket.on(
      'pong',
      safely(() => {
        this.alive = true;
        this.#admitFrame();
      }),
    );
    socket.on('error', (error) => ports.logger.debug('WebSocket error', { err: error }));
    socket.once(
      'close',
      safely(() => this.#cleanUp()),
    );
    this.send('connection', {
      message: 'Connected. Send authenticate with a token.',
      connectionId: this.#id,
    });
    const { credential } = start;
    if (credential !== null) this.#inbox.add(() => this.#authenticate(credential));
  }

  get userId(): string {
    return this.#credential?.userId ?? '';
  }

  statusChanged(event: Extract<JobEvent, { type: 'status' }>): void {
    this.send('notification', this.#ports.notification(event));
  }

  userChanged({ message }: UserEvent): void {
    if (message !== undefined) this.send('notification', { message });
  }

  /** Sends a message; a client with more than 1 MB of unread data is disconnected. */
  send<Type extends ServerMessageType>(type: Type, payload: ServerMessages[Type]): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(encode(type, payload), this.#inbox.sent);
    if (this.#socket.bufferedAmount > MAX_BUFFERED_BYTES) this.#socket.terminate();
  }

  /** Sends a ping, or disconnects a client that has not answered the previous one. */
  heartbeat(): void {
    if (!this.alive) {
      this.#socket.terminate();
      return;
    }
    this.alive = false;
    this.#socket.ping();
  }

  end(code: number, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.close(code, reason);
    // A client that keeps sending instead of closing is disconnected.
    setTimeout(
      guarded(
        () => undefined,
        () => this.#socket.terminate(),
      ),
      CLOSE_GRACE_MS,
    ).unref();
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#ended) return;
    if (isBinary) return this.end(CLOSE_CODES.unsupportedData, 'Only text messages are accepted.');
    if (!this.#admitFrame()) return;
    // Before authentication only the token may be sent.
    if (this.#credential === null && ++this.#anonymousMessages > ANONYMOUS_MESSAGES) {
      return this.end(CLOSE_CODES.flood, 'Too many messages.');
    }
    this.#inbox.add(() => this.#handle(String(data)));
  }

  /** Whether one more frame is allowed; a flood closes the connection, and nothing more is read from it. */
  #admitFrame(): boolean {
    if (this.#ended) return false;
    if (this.#budget.take()) return true;
    this.end(CLOSE_CODES.flood, 'Too many messages.');
    this.#socket.pause();
    return false;
  }

  #answerPing(data: Buffer): void {
    if (!this.#admitFrame() || this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.pong(data);
    if (this.#socket.bufferedAmount > MAX_BUFFERED_BYTES) this.#socket.terminate();
  }

  async #handle(text: string): Promise<void> {
    const read = readClientMessage(text);
    if ('problem' in read) return this.send('error', { code: 'BAD_MESSAGE', message: read.problem });
    const { message } = read;
    if (message.type === 'ping') {
      this.send('pong', { timestamp: new Date().toISOString() });
    } else if (message.type === 'authenticate') {
      await this.#authenticate(credentialIn(message));
    } else if (this.#credential === null) {
      this.send('error', { code: 'NOT_AUTHENTICATED', message: 'Send authenticate with a token first.' });
    } else if (message.type === 'subscribe') {
      await this.#subscribe(message);
    } else {
      this.#unsubscribe(message.jobId);
    }
  }

  async #authenticate(given: Credential | AppError): Promise<void> {
    const credential = await this.#admit(given);
    // A registration after the clean-up would stay for ever.
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (credential instanceof AppError) return void this.#refuse(credential);
    if (this.#credential !== null && credential.userId !== this.userId) {
      return void this.#refuse({ code: 'INVALID_TOKEN', message: 'The credential belongs to another user.' });
    }
    if (this.#registrations === null && !(await this.#register(credential))) return;
    clearTimeout(this.#silence);
    this.#credential = credential;
    this.#watch.watch(credential);
    const { userId, expiresAt } = credential;
    this.send('authenticated', {
      message: 'Authenticated',
      userId,
      expiresAt: expiresAt?.toISOString() ?? null,
    });
  }

  /** The admitted credential, or why it is refused. */
  async #admit(given: Credential | AppError): Promise<WatchedCredential | AppError> {
    if (given instanceof AppError) return given;
    return this.#ports.admit(given, this.#start.address).catch(refusalOf);
  }

  /** Counts the connection towards those of the account; false if the client has left or was refused. */
  async #register(credential: WatchedCredential): Promise<boolean> {
    const { hub, registry } = this.#ports;
    const opened = await registry.open('ws', credential.userId).catch(refusalOf);
    if (opened instanceof AppError) return this.#refuse(opened, CLOSE_CODES.flood);
    const isOpen = this.#socket.readyState === this.#socket.OPEN;
    if (isOpen) {
      this.#credential = credential;
      this.#registrations = [hub.connect(this), opened];
    } else opened.close();
    return isOpen;
  }

  #refuse(
    { code, message }: Pick<AppError, 'code' | 'message'>,
    close: number = CLOSE_CODES.badToken,
  ): false {
    this.send('error', { code, message });
    this.end(close, close === CLOSE_CODES.flood ? 'Too many connections.' : 'Invalid credential');
    return false;
  }

  async #subscribe({ jobId, since }: Extract<ClientMessage, { type: 'subscribe' }>): Promise<void> {
    if (this.#following.size >= MAX_SUBSCRIPTIONS && !this.#following.has(jobId)) {
      const message = `A connection may subscribe to at most ${MAX_SUBSCRIPTIONS} jobs.`;
      this.send('error', { code: 'TOO_MANY_SUBSCRIPTIONS', message, jobId });
      return;
    }
    if (!this.#start.subscriptions.take(this.userId)) {
      const message = `This account sends more than ${String(SUBSCRIBE_BUDGET.perSecond)} subscriptions per second.`;
      this.send('error', { code: 'RATE_LIMITED', message, jobId });
      return;
    }
    const snapshot = await this.#ports.snapshot(jobId, this.userId).catch((error: unknown) => {
      if (!(error instanceof AppError) || error.kind === 'internal') throw error;
      this.send('error', { code: error.code, message: error.message, jobId });
      return null;
    });
    if (snapshot === null || this.#socket.readyState !== this.#socket.OPEN) return;
    this.#following.get(jobId)?.close();
    this.send('snapshot', { jobId, seq: snapshot.seq, job: snapshot.job });
    const after = Math.min(since ?? snapshot.seq, snapshot.seq);
    if (snapshot.ended && after >= snapshot.seq) return;
    this.#following.set(
      jobId,
      this.#ports.hub.follow({ jobId, after }, (event) => this.#pass(event)),
    );
  }

  #pass(event: JobEvent): void {
    const { jobId, seq, createdAt } = event;
    const common = { jobId, seq, createdAt: createdAt.toISOString() };
    if (event.type === 'status') this.send('event', { ...common, event: event.type, payload: event.payload });
    else this.send('event', { ...common, event: event.type, payload: event.payload });
    if (endsJob(event)) this.#drop(jobId);
  }

  #unsubscribe(jobId: string): void {
    this.#drop(jobId);
    this.send('unsubscribed', { jobId });
  }

  #drop(jobId: string): void {
    this.#following.get(jobId)?.close();
    this.#following.delete(jobId);
  }

  /** Closes the connection after an error in one of its listeners, since its state is unknown. */
  #fail(error: unknown): void {
    this.#ports.logger.error('A listener of a WebSocket failed', { err: error });
    this.#socket.terminate();
  }

  #reportFailure(error: unknown): void {
    this.#ports.logger.error('A WebSocket message could not be handled', { err: error });
    this.send('error', { code: 'INTERNAL', message: 'An internal error occurred.' });
  }

  #cleanUp(): void {
    clearTimeout(this.#silence);
    this.#watch.stop();
    this.#registrations?.forEach((registration) => registration.close());
    this.#following.forEach((subscription) => subscription.close());
    this.#following.clear();
  }
}
