import type { Response } from 'express';
import type { WatchedCredential } from '../domain/credential.js';
import type { JobEvent } from '../domain/job-event.js';
import { isTerminal, type Job } from '../domain/job.js';
import type { ConnectionRegistry } from './connection-registry.js';
import { HEARTBEAT_MS } from './heartbeat.js';
import type { CredentialChanges } from './credential-changes.js';
import { CredentialWatch } from './credential-watch.js';
import type { RealtimeHub } from './realtime-hub.js';

const MAX_BUFFERED_BYTES = 1024 * 1024;
/** Milliseconds after which a browser reconnects. */
const RETRY_MS = 2000;

/** A job to follow, and its initial state. */
export interface StreamStart {
  /** The credential of the account that follows the job. */
  readonly credential: WatchedCredential;
  readonly job: Job;
  /** Number of the last event that the client has received; 0 for none. */
  readonly after: number;
  /** The job as the API returns it, at event `job.seq`. */
  readonly snapshot: unknown;
}

/** Whether an event is the last one of its job. */
export function endsJob(event: JobEvent): boolean {
  return event.type === 'status' && isTerminal(event.payload.status);
}

function frame(event: string, data: unknown, id?: number): string {
  const head = id === undefined ? '' : `id: ${id}\n`;
  return `${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Ends a stream when the credential ends; the client reconnects and is refused. */
export function watchStream(
  response: Response,
  credential: WatchedCredential,
  changes: CredentialChanges,
): CredentialWatch {
  const watch = new CredentialWatch({
    changes,
    onEnd: () => response.end(),
    onError: () => response.destroy(),
  });
  watch.watch(credential);
  return watch;
}

/** Streams the events of jobs as server-sent events. */
export class EventStreams {
  readonly #open = new Set<Response>();

  readonly #hub: RealtimeHub;
  readonly #registry: Pick<ConnectionRegistry, 'open'>;
  readonly #changes: CredentialChanges;

  constructor(hub: RealtimeHub, registry: Pick<ConnectionRegistry, 'open'>, changes: CredentialChanges) {
    this.#hub = hub;
    this.#registry = registry;
    this.#changes = changes;
  }

  /** Ends all streams; clients reconnect with `Last-Event-ID`. */
  closeAll(): void {
    this.#open.forEach((response) => response.end());
  }

  /**
   * Sends the snapshot, then events until the job, the connection or the credential ends. Without `Last-Event-ID` the
   * snapshot replaces all events up to its own; with it, later events are replayed.
   * @throws AppError TOO_MANY_CONNECTIONS (rate_limited) while the account has 50 open streams
   */
  async follow(response: Response, { credential, job, after, snapshot }: StreamStart): Promise<void> {
    const registration = await this.#registry.open('sse', credential.userId);
    // If the client disconnected while its job was read, no "close" event follows.
    if (response.destroyed) return registration.close();
    response.status(200).set({
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store, no-transform',
      'X-Accel-Buffering': 'no',
    });
    const replayFrom = after > 0 ? Math.min(after, job.seq) : job.seq;
    response.write(`retry: ${RETRY_MS}\n\n`);
    response.write(frame('snapshot', { seq: job.seq, job: snapshot }, after > 0 ? undefined : job.seq));
    if (isTerminal(job.status) && replayFrom >= job.seq) {
      response.end();
      return registration.close();
    }
    this.#open.add(response);
    const watch = watchStream(response, credential, this.#changes);
    try {
      await this.#pump(response, { jobId: job.id, after: replayFrom });
    } finally {
      watch.stop();
      registration.close();
    }
  }

  async #pump(response: Response, cursor: { readonly jobId: string; readonly after: number }): Promise<void> {
    const closed = new Promise<void>((resolve) => response.once('close', () => resolve()));
    const heartbeat = setInterval(() => {
      if (response.writable) response.write(': heartbeat\n\n');
    }, HEARTBEAT_MS);
    const following = this.#hub.follow(cursor, (event) => {
      // Events may still arrive between the end of the stream and its "close" event.
      if (!response.writable) return;
      const { seq, type, payload, createdAt } = event;
      response.write(frame(type, { seq, ...payload, createdAt: createdAt.toISOString() }, seq));
      // A client that does not keep up is disconnected and continues with Last-Event-ID, so that its data
      // does not fill our memory.
      if (response.writableLength > MAX_BUFFERED_BYTES) response.destroy();
      else if (endsJob(event)) response.end();
    });
    await closed;
    clearInterval(heartbeat);
    this.#open.delete(response);
    following.close();
  }
}
