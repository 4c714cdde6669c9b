import type { Socket } from 'node:net';
import type { ServerResponse } from 'node:http';
import { stopFeeding } from './connection-feed.js';

/** How much of what a client still sends after its answer is read and dropped. */
const MAX_BYTES = 128 * 1024 * 1024;
const MAX_MS = 30_000;
/** Milliseconds without a byte after which nothing more is expected. */
const IDLE_MS = 1000;

/**
 * Reads and drops what a client goes on sending, until it stops, leaves, or a limit is reached. Closing a connection
 * with unread data makes the kernel reset it, and the client loses the answer that was sent before.
 */
export function drain(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    let bytes = 0;
    const done = (): void => {
      clearTimeout(idle);
      socket.off('data', drop).off('end', done).off('close', done);
      resolve();
    };
    const idle = setTimeout(done, IDLE_MS);
    const drop = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > MAX_BYTES || performance.now() - startedAt > MAX_MS) done();
      else idle.refresh();
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
