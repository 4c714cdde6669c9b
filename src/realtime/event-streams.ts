import type { Response } from 'express';
import type { WatchedCredential } from '../domain/credential.js';
import { guarded } from '../errors/guarded.js';
import type { ConnectionRegistry } from './connection-registry.js';
import type { CredentialChanges } from './credential-changes.js';
import { CredentialWatch } from './credential-watch.js';
import { HEARTBEAT_MS, MAX_UNREAD_BYTES } from './connection-limits.js';

/** One open stream of server-sent events. */
interface EventStream {
  /** Whether events can still be sent; they may still occur between the end of a stream and its "close" event. */
  readonly isOpen: boolean;
  /** Bytes that the client has not read yet. */
  readonly unreadBytes: number;
  /** Sends an event, with its number for `Last-Event-ID`. A client that does not keep up is disconnected. */
  send(event: string, data: object, id?: number): void;
  /** Tells the client after how many milliseconds to reconnect. */
  retryAfter(milliseconds: number): void;
  end(): void;
}

/** Starts to send the events of a subject. @returns what to release when the stream has ended, if anything */
export type StreamSubject = (stream: EventStream) => { close(): void } | undefined;

/** Streams of server-sent events, whatever they are used for. */
export class EventStreams {
  readonly #open = new Set<Response>();

  readonly #registry: Pick<ConnectionRegistry, 'open'>;
  readonly #changes: CredentialChanges;

  constructor(registry: Pick<ConnectionRegistry, 'open'>, changes: CredentialChanges) {
    this.#registry = registry;
    this.#changes = changes;
  }

  /** Ends all streams; clients reconnect. */
  closeAll(): void {
    this.#open.forEach((response) => response.end());
  }

  /**
   * Streams a subject until the subject, the connection or the credential ends; the client then reconnects, and is
   * refused if its credential has ended.
   * @throws AppError TOO_MANY_CONNECTIONS (rate_limited) while the account has 50 open streams
   */
  async stream(response: Response, credential: WatchedCredential, subject: StreamSubject): Promise<void> {
    const registration = await this.#registry.open('sse', credential.userId);
    // If the client disconnected while its request was handled, no "close" event follows.
    if (response.destroyed) return registration.close();
    const closed = new Promise<void>((resolve) => response.once('close', () => resolve()));
    response.status(200).set({
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store, no-transform',
      'X-Accel-Buffering': 'no',
    });
    this.#open.add(response);
    const fail = (): void => void response.destroy();
    const heartbeat = setInterval(
      guarded(fail, () => write(response, ': heartbeat\n\n')),
      HEARTBEAT_MS,
    );
    const watch = new CredentialWatch({
      changes: this.#changes,
      onEnd: () => response.end(),
      onError: fail,
    });
    let following: { close(): void } | undefined;
    try {
      following = subject(streamOn(response));
      if (response.writable) watch.watch(credential);
      await closed;
    } finally {
      clearInterval(heartbeat);
      watch.stop();
      following?.close();
      this.#open.delete(response);
      registration.close();
    }
  }
}

function write(response: Response, text: string): void {
  if (!response.writable) return;
  response.write(text);
  if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
}

const streamOn = (response: Response): EventStream => ({
  get isOpen() {
    return response.writable;
  },
  get unreadBytes() {
    return response.writableLength;
  },
  send: (event, data, id) => {
    const head = id === undefined ? '' : `id: ${String(id)}\n`;
    write(response, `${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  },
  retryAfter: (milliseconds) => write(response, `retry: ${String(milliseconds)}\n\n`),
  end: () => void response.end(),
});
