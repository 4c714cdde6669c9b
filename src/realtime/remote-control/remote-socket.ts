import type { DefaultEventsMap, Socket } from 'socket.io';
import { endsJob, type JobEvent } from '../../domain/job-event.js';
import { AppError } from '../../errors/app-error.js';
import { guarded } from '../../errors/guarded.js';
import type { Registration } from '../connection-registry.js';
import { CredentialWatch } from '../credential-watch.js';
import { perSecond, type AccountBudgets, type AccountLimit } from '../account-budgets.js';
import { MessageBudget } from '../message-budget.js';
import { progressMessage, stateAfter, stateOf } from './job-progress.js';
import {
  CONTROL_EVENT,
  readMessage,
  type Acknowledgement,
  type ClientMessage,
  type RemoteError,
  type ServerEvents,
} from './messages.js';
import type { AdmittedCaller, RemoteControlPorts } from './ports.js';
import type { UserDevices } from './user-devices.js';

/** A socket of the namespace. */
export type ClientSocket = Socket<DefaultEventsMap, ServerEvents>;

const EVENT_BUDGET = { burst: 40, perSecond: 20 };
/** Events of an account; each goes to all its devices. */
export const EVENT_LIMIT: AccountLimit = { name: 'remote-events', windowSeconds: 2, most: 120 };
/** Errors are answers as well; beyond these, events are dropped silently. */
const ERROR_BUDGET = { burst: 20, perSecond: 5 };
/** Events that wait for the ones before them; more than a burst. */
const MAX_WAITING = 64;
const MAX_JOBS = 200;
/** Rooms that an account joins; each reads the job and its events. */
export const JOIN_LIMIT: AccountLimit = { name: 'job-rooms', windowSeconds: 20, most: 400 };

/** An authenticated and registered client. */
export interface AdmittedClient extends AdmittedCaller {
  readonly registration: Registration;
}

/** What a socket needs: the system, its client, and what the sockets of one user share. */
export interface RemoteSocketParts {
  readonly ports: RemoteControlPorts;
  readonly client: AdmittedClient;
  readonly devices: UserDevices;
  readonly joins: AccountBudgets;
  readonly events: AccountBudgets;
}

/** One remote-control client. */
export class RemoteSocket {
  readonly #budget = new MessageBudget(EVENT_BUDGET);
  readonly #errors = new MessageBudget(ERROR_BUDGET);
  readonly #jobs = new Map<string, { close(): void }>();
  readonly #watch: CredentialWatch;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  /** The credential has ended. */
  #ended = false;

  readonly #socket: ClientSocket;
  readonly #ports: RemoteControlPorts;
  readonly #client: AdmittedClient;
  readonly #shared: Pick<RemoteSocketParts, 'devices' | 'joins' | 'events'>;

  constructor(socket: ClientSocket, { ports, client, ...shared }: RemoteSocketParts) {
    this.#socket = socket;
    this.#ports = ports;
    this.#client = client;
    this.#shared = shared;
    this.#watch = new CredentialWatch({
      changes: ports.changes,
      onEnd: () => this.#end(),
      onError: (error) => this.#reportFailure(error),
    });
  }

  /** Starts to serve the client: joins the user's room and sends what a new device has to know. */
  start(): void {
    const socket = this.#socket;
    const { devices } = this.#shared;
    socket.onAny(
      guarded(
        (error) => this.#reportFailure(error),
        (event: unknown, ...values: unknown[]) => this.#receive(event, values),
      ),
    );
    socket.on('error', (error: unknown) => this.#ports.logger.debug('Remote-control error', { err: error }));
    socket.once('disconnect', () => this.#cleanUp());
    this.#watch.watch(this.#client.credential);
    void socket.join(devices.room);
    devices.add(this);
    this.#enqueue(() => this.#replayState());
  }

  send<Name extends keyof ServerEvents>(name: Name, ...values: Parameters<ServerEvents[Name]>): void {
    this.#socket.emit(name, ...values);
  }

  sendQuota(quota: object): void {
    if (this.#client.seesQuota) this.send('quota_update', quota);
  }

  /** A change of the status of one of the user's jobs; jobs whose room the client has joined report it themselves. */
  statusChanged(event: Extract<JobEvent, { type: 'status' }>): void {
    if (!this.#jobs.has(event.jobId)) this.send('job:progress', progressMessage(stateOf(event)));
  }

  get #userId(): string {
    return this.#shared.devices.userId;
  }

  #receive(event: unknown, values: readonly unknown[]): void {
    const last = values.at(-1);
    const acknowledge = (answer: Acknowledgement): void => {
      if (typeof last === 'function') Reflect.apply(last, undefined, [answer]);
    };
    const refuse = ({ code, message }: Pick<RemoteError, 'code' | 'message'>): void => {
      const answer = { code, message, event: String(event).slice(0, 100) };
      if (this.#errors.take()) this.send('error', answer);
      acknowledge({ ok: false, error: answer });
    };
    const excess = this.#excess();
    if (excess !== null) return refuse({ code: 'RATE_LIMITED', message: excess });
    const read = readMessage(event, typeof values[0] === 'function' ? undefined : values[0]);
    if ('problem' in read) {
      this.send('Validation error', { error: read.problem });
      return refuse({ code: 'BAD_MESSAGE', message: read.problem });
    }
    this.#enqueue(async () => {
      try {
        await this.#handle(read.message);
        acknowledge({ ok: true });
      } catch (error) {
        if (!(error instanceof AppError) || error.kind === 'internal') throw error;
        refuse(error);
      }
    });
  }

  /** Counts an event; why it is one too many, or null. */
  #excess(): string | null {
    if (!this.#budget.take() || this.#waiting >= MAX_WAITING)
      return `A connection may send at most ${String(EVENT_BUDGET.perSecond)} events per second.`;
    if (!this.#shared.events.take(this.#userId))
      return `The devices of an account may send at most ${perSecond(EVENT_LIMIT)} events per second.`;
    return null;
  }

  #enqueue(work: () => Promise<void>): void {
    this.#waiting += 1;
    this.#last = this.#last
      // What a client sent just before it disconnected counts, too.
      .then(() => (this.#ended ? undefined : work()))
      .catch((error: unknown) => this.#reportFailure(error))
      .finally(() => (this.#waiting -= 1));
  }

  async #handle(message: ClientMessage): Promise<void> {
    const { devices } = this.#shared;
    const everyone = this.#socket.nsp.to(devices.room);
    switch (message.name) {
      case CONTROL_EVENT:
        everyone.emit(CONTROL_EVENT, message.data);
        return;
      case 'ping':
        this.#socket.to(devices.room).emit('ping');
        return devices.refreshPresence();
      case 'goodbye':
        this.#socket.to(devices.room).emit('goodbye');
        return this.#client.registration.setPlayer(false);
      case 'web_client_status':
        return this.#client.registration.setPlayer(message.data.active);
      case 'state_sync':
        everyone.emit('state_sync', message.data);
        return devices.keepState(message.data);
      case 'join_job_room':
        return this.#join(message.data);
      case 'leave_job_room':
        return this.#leave(message.data);
    }
  }

  async #replayState(): Promise<void> {
    const state = await this.#ports.states.findState(this.#userId);
    if (state === null) return;
    const read = readMessage('state_sync', JSON.parse(state));
    if ('message' in read && read.message.name === 'state_sync') this.send('state_sync', read.message.data);
  }

  /** Sends the last progress of a job, then every change until the job ends. */
  async #join(jobId: string): Promise<void> {
    if (this.#jobs.size >= MAX_JOBS && !this.#jobs.has(jobId))
      throw new AppError('TOO_MANY_SUBSCRIPTIONS', {
        message: `A connection may join at most ${String(MAX_JOBS)} job rooms.`,
      });
    if (!this.#shared.joins.take(this.#userId))
      throw new AppError('RATE_LIMITED', {
        message: `This account joins more than ${perSecond(JOIN_LIMIT)} job rooms per second.`,
      });
    const { state, ended } = await this.#ports.job(jobId, this.#userId);
    this.#leave(jobId);
    this.send('job:progress', progressMessage(state));
    if (ended || !this.#socket.connected) return;
    let current = state;
    const following = this.#ports.hub.follow({ jobId, after: state.seq }, (event) => {
      current = stateAfter(current, event);
      this.send('job:progress', progressMessage(current));
      if (endsJob(event)) this.#leave(jobId);
    });
    this.#jobs.set(jobId, following);
  }

  #leave(jobId: string): void {
    this.#jobs.get(jobId)?.close();
    this.#jobs.delete(jobId);
  }

  /** Ends the connection of a client whose credential has ended; it does not reconnect by itself. */
  #end(): void {
    this.#ended = true;
    this.send('error', { code: 'TOKEN_REVOKED', message: 'The token has expired or was revoked.' });
    this.#socket.disconnect(true);
  }

  #reportFailure(error: unknown): void {
    this.#ports.logger.error('A remote-control event could not be handled', { err: error });
    this.send('error', { code: 'INTERNAL', message: 'An internal error occurred.' });
  }

  #cleanUp(): void {
    this.#watch.stop();
    this.#client.registration.close();
    this.#jobs.forEach((following) => following.close());
    this.#jobs.clear();
    this.#shared.devices.remove(this);
  }
}
