import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Number of checks within the timeout. */
const CHECKS_PER_TIMEOUT = 10;

/** Progress of a connection at the last check, and the time of its last change. */
interface Progress {
  readonly sent: number;
  readonly queued: number;
  readonly since: number;
}

/**
 * Closes connections whose clients read nothing for `timeoutMs` although data is waiting for them: downloads,
 * event streams and WebSockets alike. Each holds a socket, buffered data, and an open file or query. The
 * timeouts of Node.js cannot detect this: they are reset by every write, such as a heartbeat, and they also
 * apply while a response is being computed.
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

/**
 * Bytes of the current write that the kernel has not accepted yet: a large write makes progress before it
 * completes.
 */
function queuedBytes(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  const queued: unknown =
    typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'writeQueueSize') : undefined;
  return typeof queued === 'number' ? queued : 0;
}
