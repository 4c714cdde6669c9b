import type pg from 'pg';
import { databaseConfig } from '../config/database.js';
import { queueBackend, type Environment } from '../config/environment.js';
import type { Logger } from '../logging/logger.js';
import type { JobQueue } from '../queue/job-queue.js';
import { postgresWorkers, type OpenQueueWorker } from '../queue/open-worker.js';
import { OutboxDispatcher } from '../queue/outbox-dispatcher.js';
import { openPostgresQueue, PostgresJobQueue } from '../queue/postgres-job-queue.js';
import type { BoardQueue } from '../queue/queue-board.js';
import { createQueuePool } from '../queue/queue-pool.js';
import { openRedisConsumer, openRedisProducer } from '../queue/redis-connection.js';
import { openRedisQueue, RedisJobQueue, redisWorkers } from '../queue/redis-job-queue.js';
import { waitForRedis } from './wait-for-redis.js';

/** The queue of a process, on the backend that the environment names. */
export interface QueueParts {
  /** Connections to the queue's database; control messages and advisory locks use them too. */
  readonly pool: pg.Pool;
  readonly queue: JobQueue;
  /** For the queue board. */
  readonly boardQueue: BoardQueue;
  readonly openWorker: OpenQueueWorker;
  /** Carries hints to a queue outside the database; null when the queue is inside. */
  readonly dispatcher: OutboxDispatcher | null;
  close(): Promise<void>;
}

/** Which process opens the queue. */
export interface OpenQueueOptions {
  readonly applicationName: string;
  /** Connections to the database beside those of repositories; at least 2. */
  readonly poolMax: number;
  readonly log: Logger;
  /** Stops the wait for Redis. */
  readonly signal?: AbortSignal;
}

/** The database answered just before; each failed attempt has waited for its own time limit. */
const CONNECT_ATTEMPTS = 10;

/**
 * Opens the queue: in Postgres, or with `QUEUE_BACKEND=redis` (the default once `REDIS_HOST` is set) on Redis.
 * The database must answer already; Redis is waited for and must be durable.
 */
export async function openQueue(environment: Environment, options: OpenQueueOptions): Promise<QueueParts> {
  const { log, poolMax: max, applicationName } = options;
  const pool = createQueuePool({
    connection: { connectionString: databaseConfig(environment, applicationName).url },
    max,
    applicationName,
    onError: (error) => log.warn('An idle connection of the queue dropped.', { err: error }),
  });
  return queueBackend(environment) === 'redis'
    ? openOnRedis(environment, pool, options)
    : openOnPostgres(environment, pool, log);
}

/** BullMQ's object for the board. One whose first connection fails never recovers, so another one is tried then. */
async function openBoardQueue(pool: pg.Pool, prefix: string, log: Logger) {
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

async function openOnPostgres(
  { QUEUE_PREFIX: prefix }: Environment,
  pool: pg.Pool,
  log: Logger,
): Promise<QueueParts> {
  const boardQueue = await openBoardQueue(pool, prefix, log);
  return {
    pool,
    queue: new PostgresJobQueue({ pool, prefix }),
    boardQueue,
    openWorker: postgresWorkers(pool),
    dispatcher: null,
    close: async () => {
      await boardQueue.close();
      await pool.end();
    },
  };
}

async function openOnRedis(
  environment: Environment,
  pool: pg.Pool,
  { log, signal }: OpenQueueOptions,
): Promise<QueueParts> {
  const { QUEUE_PREFIX: prefix, REDIS_HOST: host = '127.0.0.1', REDIS_PORT: port } = environment;
  let serving = false;
  // While Redis is waited for, the wait says why.
  const onError = (error: Error) => {
    if (serving) log.warn('A connection to Redis reports an error.', { err: error });
  };
  const producer = openRedisProducer({ host, port }, onError);
  try {
    await waitForRedis(producer, {
      timeoutMs: environment.STARTUP_TIMEOUT * 1000,
      signal,
      onWaiting: log.warn,
    });
  } catch (error) {
    producer.disconnect();
    await pool.end();
    throw error;
  }
  serving = true;
  const consumer = openRedisConsumer({ host, port }, onError);
  const queue = openRedisQueue(producer, prefix);
  queue.on('error', onError);
  return {
    pool,
    queue: new RedisJobQueue({ pool, queue, prefix }),
    boardQueue: queue,
    openWorker: redisWorkers(consumer),
    dispatcher: new OutboxDispatcher(pool, queue, log.child({ component: 'outbox' })),
    close: async () => {
      await queue.close();
      producer.disconnect();
      consumer.disconnect();
      await pool.end();
    },
  };
}
