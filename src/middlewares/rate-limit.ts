import type { RequestHandler } from 'express';
import { rateLimit, type ClientRateLimitInfo, type Store } from 'express-rate-limit';
import type { SharedCounts, TimedCount } from '../domain/rate-count.js';
import { AppError } from '../errors/app-error.js';
import { UNLIMITED_PATHS } from '../schemas/system.schema.js';

const MINUTE_SECONDS = 60;

/** Name and window of the shared counts that {@link rateLimiter} uses. */
export const REQUEST_COUNTS = { name: 'requests', windowSeconds: MINUTE_SECONDS };

/** Limits requests per client address and minute across all api processes; 0 disables it. */
export function rateLimiter(perMinute: number, counts: SharedCounts): RequestHandler {
  if (perMinute === 0) return (_request, _response, next) => next();
  return rateLimit({
    windowMs: MINUTE_SECONDS * 1000,
    limit: perMinute,
    store: storeOf(counts, perMinute),
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    identifier: 'requests',
    skip: (request) => UNLIMITED_PATHS.has(request.path),
    handler: (_request, _response, next) => {
      next(
        new AppError('RATE_LIMITED', {
          message: `This address sent more than ${perMinute} requests in one minute (RATE_LIMIT_PER_MINUTE).`,
          retryAfterSeconds: MINUTE_SECONDS,
        }),
      );
    },
  });
}

/**
 * Adapter of the shared counts. Far below the limit a request does not wait for the counts of other
 * processes; above it, requests are no longer counted.
 */
function storeOf(counts: SharedCounts, limit: number): Store {
  return {
    localKeys: false,
    increment: async (key) => {
      const known = counts.peek(key);
      return infoOf(known.points > limit ? known : await counts.add(key, limit / 2));
    },
    decrement: () => undefined,
    resetKey: (key) => counts.remove(key),
  };
}

function infoOf({ points, endsAt }: TimedCount): ClientRateLimitInfo {
  return { totalHits: points, resetTime: new Date(endsAt) };
}
