import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Maximum number of open connections. */
export interface ConnectionLimits {
  readonly total: number;
  /** Connections per address; 0 for no limit. */
  readonly perAddress: number;
}

/** Milliseconds between log lines about rejected connections. */
const REPORT_MS = 60_000;

/**
 * Immediately closes connections beyond the limits. The limit per address lets other addresses still connect.
 */
export function limitConnections(
  server: Server,
  { total, perAddress }: ConnectionLimits,
  onRefused: (address: string) => void,
): void {
  const open = new Map<string, number>();
  let reportedAt = -Infinity;
  const report = (address: string): void => {
    if (performance.now() - reportedAt < REPORT_MS) return;
    reportedAt = performance.now();
    onRefused(address);
  };
  server.maxConnections = total;
  server.on('drop', (data?: { remoteAddress?: string }) => report(data?.remoteAddress ?? 'unknown'));
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? 'unknown';
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left > 0) open.set(address, left);
      else open.delete(address);
    });
    if (perAddress === 0 || count <= perAddress) return;
    report(address);
    socket.destroy();
  });
}
