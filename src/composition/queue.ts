import type pg from 'pg';
import { databaseConfig } from '../config/database.js';
import type { Settings } from '../config/settings.js';
import type { Logger } from '../logging/logger.js';
import { PostgresJobQueue } from '../queue/postgres-job-queue.js';
import { createQueuePool } from '../queue/queue-pool.js';
import type { OpenQueueOptions, QueueParts } from './queue-parts.js';

/**
 * Maximum number of attempts. The database responded just before, and each failed attempt has waited for its
 * own timeout.
 */
const CONNECT_ATTEMPTS = 10;

/**
 * Opens the queue: in PostgreSQL, or on Redis with `QUEUE_BACKEND=redis` (the default once `REDIS_HOST` is
 * set). The database must already respond; Redis is waited for and must be durable.
 */
export async function openQueue(settings: Settings, options: OpenQueueOptions): Promise<QueueParts> {
  const { log, poolMax: max, applicationName } = options;
  const pool = createQueuePool({
    connection: { connectionString: databaseConfig(settings, applicationName).url },
    max,
    applicationName,
    onError: (error) => log.warn('A connection of the queue dropped.', { err: error }),
  });
  if (settings.queue.backend === 'postgres') return openOnPostgres(settings, pool, log);
  const { openOnRedis } = await import('./redis-queue.js');
  return openOnRedis(settings, pool, options);
}

/**
 * BullMQ's queue object for the board. BullMQ does not recover from a failed first connection, so another
 * object is created then.
 */
async function openBoardQueue(pool: pg.Pool, prefix: string, log: Logger) {
  const { openPostgresQueue } = await import('../queue/postgres-board-queue.js');
  for (let attempt = 1; ; attempt += 1) {
    const queue = openPostgresQueue(pool, prefix);
    queue.on('error', (error) => log.warn('The queue reports an error.', { err: error }));
    try {
      await queue.waitUntilReady();
      return queue;
    } catch (error) {
      await queue.close().catch(() => undefined);
      if (attempt === CONNECT_ATTEMPTS) throw error;
    }
  }
}

function openOnPostgres({ queue: { prefix } }: Settings, pool: pg.Pool, log: Logger): QueueParts {
  let board: ReturnType<typeof openBoardQueue> | undefined;
  return {
    pool,
    queue: new PostgresJobQueue({ pool, prefix }),
    previews: new PostgresJobQueue({ pool, prefix, job: 'media.preview' }),
    webhooks: new PostgresJobQueue({ pool, prefix, job: 'webhook.deliver' }),
    openBoardQueue: () => {
      board ??= openBoardQueue(pool, prefix, log).catch((error: unknown) => {
        board = undefined;
        throw error;
      });
      return board;
    },
    loadWorkers: async () => (await import('../queue/open-worker.js')).postgresWorkers(pool),
    dispatcher: null,
    rateCounts: null,
    close: async () => {
      await (await board?.catch(() => undefined))?.close();
      await pool.end();
    },
  };
}
