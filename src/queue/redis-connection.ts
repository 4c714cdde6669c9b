import { Redis } from 'ioredis';
import { AppError } from '../errors/app-error.js';

/** Where Redis is. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

const COMMAND_TIMEOUT_MS = 1_500;

/** A connection for adding and asking: every command is answered or fails soon, nothing waits in memory. */
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

/** A connection for a worker, which blocks on it and therefore waits as long as it takes. */
export function openRedisConsumer(address: RedisAddress, onError: (error: Error) => void): Redis {
  const redis = new Redis({ ...address, maxRetriesPerRequest: null });
  redis.on('error', onError);
  return redis;
}

/**
 * Checks that Redis keeps what it is given.
 * @throws AppError REDIS_NOT_DURABLE that says which setting to change
 */
export async function requireDurableRedis(redis: Redis): Promise<void> {
  await requireSetting(
    redis,
    { name: 'maxmemory-policy', wanted: 'noeviction' },
    'Redis would silently drop queue messages when its memory is full.',
  );
  await requireSetting(
    redis,
    { name: 'appendonly', wanted: 'yes' },
    'Redis would lose the queue messages of the last minutes when it is killed.',
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
    message: `Set ${name} of Redis to ${wanted} (it is ${value}), in redis.conf or with CONFIG SET: ${why}`,
  });
}
