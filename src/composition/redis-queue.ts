import type pg from 'pg';
import type { Settings } from '../config/settings.js';
import { OutboxDispatcher } from '../queue/outbox-dispatcher.js';
import { openRedisConsumer, openRedisProducer } from '../queue/redis-connection.js';
import { openRedisQueue, RedisJobQueue, redisWorkers } from '../queue/redis-job-queue.js';
import type { OpenQueueOptions, QueueParts } from './queue-parts.js';
import { waitForRedis } from './wait-for-redis.js';

/** Opens the queue on Redis once it responds. */
export async function openOnRedis(
  settings: Settings,
  pool: pg.Pool,
  { log, signal }: OpenQueueOptions,
): Promise<QueueParts> {
  const {
    prefix,
    redis: { host, port },
  } = settings.queue;
  let serving = false;
  // While the process waits for Redis, the waiting notice reports the error instead.
  const onError = (error: Error) => {
    if (serving) log.warn('A connection to Redis reports an error.', { err: error });
  };
  const producer = openRedisProducer({ host, port }, onError);
  try {
    await waitForRedis(producer, {
      timeoutMs: settings.startupTimeoutMs,
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
  const webhooks = openRedisQueue(producer, prefix, 'webhook.deliver');
  for (const opened of [queue, webhooks]) opened.on('error', onError);
  return {
    pool,
    queue: new RedisJobQueue({ pool, queue }),
    webhooks: new RedisJobQueue({ pool, queue: webhooks }),
    openBoardQueue: async () => queue,
    loadWorkers: async () => redisWorkers(consumer),
    dispatcher: new OutboxDispatcher(
      pool,
      { 'inference.run': queue, 'webhook.deliver': webhooks },
      log.child({ component: 'outbox' }),
    ),
    close: async () => {
      await Promise.all([queue.close(), webhooks.close()]);
      producer.disconnect();
      consumer.disconnect();
      await pool.end();
    },
  };
}
