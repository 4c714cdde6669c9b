import { randomUUID } from 'node:crypto';
import { endsJob, type JobEvent } from '../domain/job-event.js';
import type { UserEvent } from '../domain/realtime.js';
import { AppError } from '../errors/app-error.js';
import type { Credential, WatchedCredential } from '../domain/credential.js';
import { perSecond, type AccountLimit } from './account-budgets.js';
import { readClientMessage } from './client-message.js';
import type { ClientSocket, SocketSubject } from './client-socket.js';
import type { ConnectionPorts, ConnectionStart } from './connection-ports.js';
import {
  CLOSE_CODES,
  credentialIn,
  encode,
  type ClientMessage,
  type ServerMessages,
  type ServerMessageType,
} from './event-map.js';
import { MessageInbox } from './message-inbox.js';
import type { UserListener } from './realtime-hub.js';
import { refusalOf } from './refusal.js';

const MAX_SUBSCRIPTIONS = 200;
const ANONYMOUS_MESSAGES = 20;
/** Subscriptions of an account; each reads the job, its queue position and events. */
export const SUBSCRIBE_LIMIT: AccountLimit = { name: 'subscriptions', windowSeconds: 20, most: 400 };

/** One client of `/ws`: authenticates, receives notifications and subscribes to jobs. */
export class WsConnection implements UserListener, SocketSubject {
  readonly #id = randomUUID();
  readonly #following = new Map<string, { close(): void }>();
  #credential: WatchedCredential | null = null;
  #registrations: readonly { close(): void }[] | null = null;
  #anonymousMessages = 0;
  readonly #inbox: MessageInbox;

  readonly #socket: ClientSocket;
  readonly #ports: ConnectionPorts;
  readonly #start: ConnectionStart;

  constructor(socket: ClientSocket, ports: ConnectionPorts, start: ConnectionStart) {
    this.#socket = socket;
    this.#ports = ports;
    this.#start = start;
    this.#inbox = new MessageInbox(socket, (error) => this.#reportFailure(error));
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

  send<Type extends ServerMessageType>(type: Type, payload: ServerMessages[Type]): void {
    this.#socket.send(encode(type, payload), this.#inbox.sent);
  }

  receive(data: Buffer, isBinary: boolean): void {
    if (isBinary) return this.#socket.end(CLOSE_CODES.unsupportedData, 'Only text messages are accepted.');
    // Before authentication only the token may be sent.
    if (this.#credential === null && ++this.#anonymousMessages > ANONYMOUS_MESSAGES) {
      return this.#socket.end(CLOSE_CODES.flood, 'Too many messages.');
    }
    this.#inbox.add(() => this.#handle(data.toString('utf8')));
  }

  left(): void {
    this.#inbox.sent();
    this.#registrations?.forEach((registration) => registration.close());
    this.#following.forEach((subscription) => subscription.close());
    this.#following.clear();
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
    if (!this.#socket.isOpen) return;
    if (credential instanceof AppError) return void this.#refuse(credential);
    if (this.#credential !== null && credential.userId !== this.userId) {
      return void this.#refuse({ code: 'INVALID_TOKEN', message: 'The credential belongs to another user.' });
    }
    if (this.#registrations === null && !(await this.#register(credential))) return;
    this.#credential = credential;
    this.#socket.authenticated(credential);
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
    const { isOpen } = this.#socket;
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
    this.#socket.end(close, close === CLOSE_CODES.flood ? 'Too many connections.' : 'Invalid credential');
    return false;
  }

  async #subscribe({ jobId, since }: Extract<ClientMessage, { type: 'subscribe' }>): Promise<void> {
    if (this.#following.size >= MAX_SUBSCRIPTIONS && !this.#following.has(jobId)) {
      const message = `A connection may subscribe to at most ${MAX_SUBSCRIPTIONS} jobs.`;
      this.send('error', { code: 'TOO_MANY_SUBSCRIPTIONS', message, jobId });
      return;
    }
    if (!this.#start.subscriptions.take(this.userId)) {
      const message = `This account sends more than ${perSecond(SUBSCRIBE_LIMIT)} subscriptions per second.`;
      this.send('error', { code: 'RATE_LIMITED', message, jobId });
      return;
    }
    const snapshot = await this.#ports.snapshot(jobId, this.userId).catch((error: unknown) => {
      if (!(error instanceof AppError) || error.kind === 'internal') throw error;
      this.send('error', { code: error.code, message: error.message, jobId });
      return null;
    });
    if (snapshot === null || !this.#socket.isOpen) return;
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

  #reportFailure(error: unknown): void {
    this.#ports.logger.error('A WebSocket message could not be handled', { err: error });
    this.send('error', { code: 'INTERNAL', message: 'An internal error occurred.' });
  }
}
