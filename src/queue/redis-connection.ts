import { Redis } from 'ioredis';
import { AppError } from '../errors/app-error.js';

/** Address of Redis. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

const COMMAND_TIMEOUT_MS = 1_500;

/** A connection for producers: every command succeeds or fails soon, and no command is queued in memory. */
export function openRedisProducer(address: RedisAddress, onError: (error: Error) => void): Redis {
  const redis = new Redis({
    ...address,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy: (times) => Math.min(times * 100, 2_000),
  });
  redis.on('error', onError);
  return redis;
}

/** A connection for a worker, which uses blocking commands and therefore has no timeouts. */
export function openRedisConsumer(address: RedisAddress, onError: (error: Error) => void): Redis {
  const redis = new Redis({ ...address, maxRetriesPerRequest: null });
  redis.on('error', onError);
  return redis;
}

/**
 * Checks that Redis is configured to keep its data.
 * @throws AppError REDIS_NOT_DURABLE naming the setting to change
 */
export async function requireDurableRedis(redis: Redis): Promise<void> {
  await requireSetting(
    redis,
    { name: 'maxmemory-policy', wanted: 'noeviction' },
    'otherwise Redis silently drops queue messages when its memory is full.',
  );
  await requireSetting(
    redis,
    { name: 'appendonly', wanted: 'yes' },
    'otherwise Redis loses the queue messages of the last minutes when it is killed.',
  );
}

async function requireSetting(
  redis: Redis,
  { name, wanted }: { readonly name: string; readonly wanted: string },
  why: string,
): Promise<void> {
  const answer = await redis.config('GET', name);
  const value = Array.isArray(answer) ? answer[1] : 'unknown';
  if (value === wanted) return;
  throw new AppError('REDIS_NOT_DURABLE', {
    message: `Set ${name} of Redis to ${wanted} (it is ${value}), in redis.conf or with CONFIG SET; ${why}`,
  });
}
