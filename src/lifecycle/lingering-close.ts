import type { Socket } from 'node:net';
import type { ServerResponse } from 'node:http';
import { stopFeeding } from './connection-feed.js';

/** How much of what a client still sends after its answer is read and dropped. */
const MAX_BYTES = 128 * 1024 * 1024;
const MAX_MS = 30_000;
/** Milliseconds without a byte after which nothing more is expected. */
const IDLE_MS = 1000;
/** Bytes that all connections together may have dropped in an interval; answers to others come before them. */
const PACE_BYTES = 2 * 1024 * 1024;
const PACE_MS = 10;
/** Connections that are read again in the next interval: each gives up to 64 KB at once. */
const PACE_CONNECTIONS = 32;

/** Lets dropped bytes take a part of the processor's time only, however many connections send them. */
class DropPace {
  #left = PACE_BYTES;
  #timer: NodeJS.Timeout | null = null;
  readonly #waiting: (() => void)[] = [];

  /**
   * Counts dropped bytes.
   * @returns when more may be read, in the order of the calls; null for at once
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
    // What waits is not forgotten, even if none of the next ones sends anything.
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#renew(), PACE_MS);
    next.forEach((resume) => resume());
  }
}

const pace = new DropPace();

/**
 * Reads and drops what a client goes on sending, until it stops, leaves, or a limit is reached. Closing a connection
 * with unread data makes the kernel reset it, and the client loses the answer that was sent before.
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
      // Who waits for a turn may have more to send.
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

/** Ends a response whose request has not arrived in full: the client gets the answer, then may finish, then it ends. */
export async function endAfterDrain(response: ServerResponse, body: string): Promise<void> {
  const { socket } = response;
  response.setHeader('Connection', 'close');
  if (response.req.method === 'HEAD') response.flushHeaders();
  else response.write(body);
  if (socket) await drain(socket);
  response.end();
}
