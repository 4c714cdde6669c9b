import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** How often connections are looked at within the time that a client has. */
const CHECKS_PER_TIMEOUT = 10;

/** What a connection had sent at the last check, and since when that has not changed. */
interface Progress {
  readonly sent: number;
  readonly queued: number;
  readonly since: number;
}

/**
 * Closes connections whose clients take nothing for `timeoutMs` of what waits for them: downloads, events, WebSockets
 * alike. Each holds a socket, what is read ahead, and the open file or rows behind it. The time-outs of Node.js count
 * what is written, which a heartbeat does for ever, and what is computed without a byte.
 */
export function closeStalledReaders(server: Server, timeoutMs: number): void {
  const open = new Map<Socket, Progress | null>();
  server.on('connection', (socket: Socket) => {
    open.set(socket, null);
    socket.once('close', () => open.delete(socket));
  });
  const check = (): void => {
    const now = performance.now();
    for (const [socket, last] of open) {
      if (socket.writableLength === 0) {
        if (last) open.set(socket, null);
        continue;
      }
      const sent = socket.bytesWritten - socket.writableLength;
      const queued = queuedBytes(socket);
      if (last?.sent !== sent || last.queued !== queued) open.set(socket, { sent, queued, since: now });
      else if (now - last.since >= timeoutMs) socket.destroy();
    }
  };
  const timer = setInterval(check, Math.max(1, timeoutMs / CHECKS_PER_TIMEOUT)).unref();
  server.once('close', () => clearInterval(timer));
}

/** Bytes of the write under way that the kernel has not taken yet: a large write makes progress before it ends. */
function queuedBytes(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  const queued: unknown =
    typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'writeQueueSize') : undefined;
  return typeof queued === 'number' ? queued : 0;
}
