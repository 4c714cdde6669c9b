import { Redis } from 'ioredis';
import { setTimeout as delay } from 'node:timers/promises';

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
 * Waits until Redis answers, then checks that it keeps what it is given.
 * @throws Error that says which setting to change, or the reason of `signal`.
 */
export async function requireDurableRedis(redis: Redis, signal?: AbortSignal): Promise<void> {
  for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, 2_000)) {
    signal?.throwIfAborted();
    const answered = await redis.ping().then(
      () => true,
      () => false,
    );
    if (answered) break;
    await delay(pauseMs, undefined, { signal });
  }
  await requireSetting(
    redis,
    'maxmemory-policy',
    'noeviction',
    'Redis would silently drop hints when its memory is full.',
  );
  await requireSetting(
    redis,
    'appendonly',
    'yes',
    'Redis would lose the hints of the last minutes when it is killed.',
  );
}

async function requireSetting(redis: Redis, name: string, wanted: string, why: string): Promise<void> {
  const answer = await redis.config('GET', name);
  const value = Array.isArray(answer) ? String(answer[1]) : 'unknown';
  if (value !== wanted) throw new Error(`Set ${name} of Redis to ${wanted} (it is ${value}): ${why}`);
}
