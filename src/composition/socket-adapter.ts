import { createAdapter } from '@socket.io/postgres-adapter';
import type { Settings } from '../config/settings.js';
import type { Logger } from '../logging/logger.js';
import { BroadcastPool } from '../queue/broadcast-pool.js';
import type { SocketAdapter } from '../realtime/remote-control/ports.js';

/** PostgreSQL rejects notifications of 8000 bytes; longer messages go through a table. */
const MAX_NOTIFICATION_BYTES = 7_500;

/**
 * Distributes remote-control events between api processes: through PostgreSQL, or through Redis where the queue is on
 * Redis.
 */
export async function createSocketAdapter(
  settings: Pick<Settings, 'queue'>,
  url: string,
  log: Logger,
): Promise<SocketAdapter> {
  const onError = (error: unknown): void =>
    log.warn('Remote-control events could not be sent to other processes.', { err: error });
  if (settings.queue.backend === 'redis') {
    const { createRedisSocketAdapter } = await import('./redis-socket-adapter.js');
    return createRedisSocketAdapter(settings.queue, onError);
  }
  const pool = new BroadcastPool({ connectionString: url, onError });
  const create = createAdapter(pool, { payloadThreshold: MAX_NOTIFICATION_BYTES, errorHandler: onError });
  return {
    create,
    close: async () => {
      // A pool that is ending never runs the queries that wait; the adapters' last messages are sent before this one.
      await pool.query('SELECT 1').catch(onError);
      await pool.end();
    },
  };
}
