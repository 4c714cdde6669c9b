import type pg from 'pg';
import type { Settings } from '../config/settings.js';
import { OutboxDispatcher } from '../queue/outbox-dispatcher.js';
import { openRedisConsumer, openRedisProducer } from '../queue/redis-connection.js';
import { RedisRateCounts } from '../queue/redis-rate-counts.js';
import { openRedisQueues, RedisJobQueue, redisWorkers } from '../queue/redis-job-queue.js';
import type { OpenQueueOptions, QueueParts } from './queue-parts.js';
import type { QueueJobName } from '../queue/jobs.js';
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
  const queues = openRedisQueues(producer, prefix, onError);
  const portOf = (job: QueueJobName) => new RedisJobQueue({ pool, queue: queues[job] });
  return {
    pool,
    queue: portOf('inference.run'),
    previews: portOf('media.preview'),
    webhooks: portOf('webhook.deliver'),
    openBoardQueue: async () => queues['inference.run'],
    loadWorkers: async () => redisWorkers(consumer),
    dispatcher: new OutboxDispatcher(pool, queues, log.child({ component: 'outbox' })),
    rateCounts: new RedisRateCounts(producer, prefix),
    close: async () => {
      await Promise.all(Object.values(queues).map((queue) => queue.close()));
      producer.disconnect();
      consumer.disconnect();
      await pool.end();
    },
  };
}
