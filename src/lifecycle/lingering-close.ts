import type { Socket } from 'node:net';
import type { ServerResponse } from 'node:http';
import { stopFeeding } from './connection-feed.js';

/** Maximum number of bytes that are read and discarded after the response. */
const MAX_BYTES = 128 * 1024 * 1024;
const MAX_MS = 30_000;
/** Milliseconds without data after which the client is assumed to have finished. */
const IDLE_MS = 1000;
/**
 * Maximum number of bytes discarded per interval on all connections together, so that discarding does not
 * delay other responses.
 */
const PACE_BYTES = 2 * 1024 * 1024;
const PACE_MS = 10;
/** Number of connections that resume reading in the next interval; each delivers up to 64 KB at once. */
const PACE_CONNECTIONS = 32;

/** Limits the share of processor time used for discarding data, however many connections send it. */
class DropPace {
  #left = PACE_BYTES;
  #timer: NodeJS.Timeout | null = null;
  readonly #waiting: (() => void)[] = [];

  /**
   * Counts discarded bytes.
   * @returns a promise that resolves when more may be read, in order of the calls; null if immediately
   */
  spend(bytes: number): Promise<void> | null {
    if (this.#timer === null) this.#timer = setTimeout(() => this.#renew(), PACE_MS);
    this.#left -= bytes;
    if (this.#left > 0) return null;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #renew(): void {
    this.#left = PACE_BYTES;
    this.#timer = null;
    const next = this.#waiting.splice(0, PACE_CONNECTIONS);
    // The queue must advance even if none of the resumed connections sends anything.
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#renew(), PACE_MS);
    next.forEach((resume) => resume());
  }
}

const pace = new DropPace();

/**
 * Reads and discards what a client keeps sending until it stops, disconnects, or reaches a limit. Closing a
 * connection with unread data makes the kernel reset it, and the client would lose the response that was sent
 * before.
 */
export function drain(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    let bytes = 0;
    let over = false;
    const done = (): void => {
      over = true;
      clearTimeout(idle);
      socket.off('data', drop).off('end', done).off('close', done);
      resolve();
    };
    const idle = setTimeout(() => {
      // A paused connection may have more data to send, so it does not count as idle.
      if (socket.isPaused()) idle.refresh();
      else done();
    }, IDLE_MS);
    const drop = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > MAX_BYTES || performance.now() - startedAt > MAX_MS) {
        done();
        return;
      }
      idle.refresh();
      const turn = pace.spend(chunk.length);
      if (turn === null) return;
      socket.pause();
      void turn.then(() => {
        idle.refresh();
        if (!over) socket.resume();
      });
    };
    stopFeeding(socket);
    socket.removeAllListeners('data');
    socket.on('data', drop).once('end', done).once('close', done);
    socket.resume();
    if (socket.destroyed) done();
  });
}

/**
 * Ends a response whose request has not arrived completely: sends the response, lets the client finish, then
 * closes the connection.
 */
export async function endAfterDrain(response: ServerResponse, body: string): Promise<void> {
  const { socket } = response;
  response.setHeader('Connection', 'close');
  if (response.req.method === 'HEAD') response.flushHeaders();
  else response.write(body);
  if (socket) await drain(socket);
  response.end();
}
