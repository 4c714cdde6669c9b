import pRetry from 'p-retry';
import type { Redis } from 'ioredis';
import { AppError, messageOf } from '../errors/app-error.js';
import { requireDurableRedis } from '../queue/redis-connection.js';
import { startupRetries, untilAborted, type WaitOptions } from './wait-for-database.js';
import { WaitingNotice } from './waiting-notice.js';

/** Error responses of a server that is running. */
const REFUSED = /NOAUTH|WRONGPASS|NOPERM/;

/** Waits for the connection; while connecting, commands fail without saying anything about the server. */
async function connected(redis: Redis): Promise<void> {
  if (redis.status === 'connecting' || redis.status === 'connect') {
    await new Promise<void>((resolve) => {
      const settled = () => {
        redis.off('ready', settled).off('close', settled);
        resolve();
      };
      redis.once('ready', settled).once('close', settled);
    });
  }
  await redis.ping();
}

/** Why Redis did not respond: the last error of the connection is more specific than that of the command. */
function reasonOf(error: unknown, lastError: Error | undefined): string {
  const code = lastError && 'code' in lastError ? String(lastError.code) : '';
  if (code === 'ECONNREFUSED') return 'nothing listens there (connection refused)';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the host name is not known';
  const text = messageOf(error);
  if (REFUSED.test(text)) return `it requires a password, which is not supported (${text})`;
  return lastError?.message || text;
}

/**
 * Waits with back-off until Redis responds, then checks that it is durable.
 * @throws AppError REDIS_UNUSABLE after the timeout, REDIS_NOT_DURABLE immediately
 */
export async function waitForRedis(redis: Redis, options: WaitOptions): Promise<void> {
  const where = `${redis.options.host}:${redis.options.port}`;
  const notice = new WaitingNotice(`Redis at ${where}`, options);
  let lastError: Error | undefined;
  const remember = (error: Error) => (lastError = error);
  redis.on('error', remember);
  try {
    const attempt = () =>
      untilAborted(connected(redis), options.signal).catch((error: unknown) => {
        throw redisUnusable(where, reasonOf(error, lastError), error);
      });
    await pRetry(attempt, {
      ...startupRetries(options),
      shouldRetry: ({ error }) => {
        notice.say(
          reasonOf(error.cause, lastError),
          'Start Redis there, correct REDIS_HOST and REDIS_PORT, or set QUEUE_BACKEND=postgres.',
        );
        return true;
      },
    });
    await requireDurableRedis(redis);
  } finally {
    redis.off('error', remember);
  }
}

function redisUnusable(where: string, reason: string, cause: unknown): AppError {
  return new AppError('REDIS_UNUSABLE', {
    message: `Redis at ${where} cannot be used: ${reason}. Start it, correct REDIS_HOST and REDIS_PORT, or set QUEUE_BACKEND=postgres.`,
    cause,
  });
}
