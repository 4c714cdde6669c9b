import type { Response } from 'express';
import type { WatchedCredential } from '../domain/credential.js';
import type { LiveServo } from '../domain/servo-event.js';
import type { ServoSession } from '../domain/servo-session.js';
import { AppError } from '../errors/app-error.js';
import { eventMessage } from '../protocols/servo-stream/json-messages.js';
import type { CredentialChanges } from './credential-changes.js';
import { watchStream } from './event-stream.js';
import { HEARTBEAT_MS } from './heartbeat.js';

/** Open streams of one account. */
const MAX_STREAMS_PER_USER = 50;
/** Beyond so many bytes that a watcher has not read, velocities are left out for it; the other events never are. */
const SLOW_BYTES = 64 * 1024;
const MAX_BUFFERED_BYTES = 1024 * 1024;

/** A session to watch, and by whom. */
export interface WatchStart {
  readonly credential: WatchedCredential;
  readonly live: LiveServo;
  /** The session as the API shows it. */
  readonly present: (session: ServoSession) => object;
}

const frame = (event: string, data: object): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

/** Shows sessions of live servoing as server-sent events. */
export class ServoWatchers {
  /** Open streams with the account that each belongs to. */
  readonly #open = new Map<Response, string>();

  readonly #changes: CredentialChanges;

  constructor(changes: CredentialChanges) {
    this.#changes = changes;
  }

  /** Ends all streams. */
  closeAll(): void {
    this.#open.forEach((_, response) => response.end());
  }

  /**
   * Writes the session, then what happens until the session, the connection or the credential ends.
   * @throws AppError TOO_MANY_CONNECTIONS (rate_limited) while the account has 50 open streams
   */
  async follow(response: Response, { credential, live, present }: WatchStart): Promise<void> {
    const { userId } = credential;
    const open = [...this.#open.values()].filter((owner) => owner === userId).length;
    if (open >= MAX_STREAMS_PER_USER) {
      throw new AppError('TOO_MANY_CONNECTIONS', {
        message: `An account may watch ${String(MAX_STREAMS_PER_USER)} streams. Close some first.`,
        details: { limit: MAX_STREAMS_PER_USER },
      });
    }
    if (response.destroyed) return;
    response.status(200).set({
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store, no-transform',
      'X-Accel-Buffering': 'no',
    });
    response.write(frame('session', { type: 'session', session: present(live.session) }));
    this.#open.set(response, userId);
    const closed = new Promise<void>((resolve) => response.once('close', () => resolve()));
    const heartbeat = setInterval(() => {
      if (response.writable) response.write(': still here\n\n');
    }, HEARTBEAT_MS);
    const watching = live.watch((event) => {
      if (!response.writable) return false;
      if (event.type === 'velocity' && response.writableLength > SLOW_BYTES) return true;
      response.write(frame(event.type, eventMessage(event, present)));
      if (response.writableLength > MAX_BUFFERED_BYTES) response.destroy();
      else if (event.type === 'ended') response.end();
      return response.writable;
    });
    const watch = watchStream(response, credential, this.#changes);
    await closed;
    watch.stop();
    clearInterval(heartbeat);
    this.#open.delete(response);
    watching.close();
  }
}
