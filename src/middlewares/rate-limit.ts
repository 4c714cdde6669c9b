import type { Request, RequestHandler } from 'express';
import {
  ipKeyGenerator,
  rateLimit,
  type AugmentedRequest,
  type ClientRateLimitInfo,
  type Store,
} from 'express-rate-limit';
import { SERVO_FRAMES_PATH } from '../domain/api-paths.js';
import type { SharedCounts, TimedCount } from '../domain/rate-count.js';
import { AppError } from '../errors/app-error.js';
import { UNLIMITED_PATHS } from '../schemas/system.schema.js';

const MINUTE_SECONDS = 60;

/** Name and window of the shared counts of {@link requestLimiter}. */
export const REQUEST_COUNTS = { name: 'requests', windowSeconds: MINUTE_SECONDS };
/** Those of the frames of live sessions. */
export const FRAME_COUNTS = { name: 'frames', windowSeconds: MINUTE_SECONDS };

/** A limit of requests per client address and minute across all api processes; 0 disables it. */
export interface RequestLimit {
  readonly perMinute: number;
  readonly counts: SharedCounts;
}

const isFrame = ({ method, path }: Request): boolean => method === 'POST' && SERVO_FRAMES_PATH.test(path);

/** Limits requests; the frames of live sessions have a limit of their own, since a camera sends some fifteen a second. */
export function requestLimiter(limits: {
  readonly requests: RequestLimit;
  readonly frames: RequestLimit;
}): RequestHandler {
  const requests = limiter(limits.requests, { identifier: 'requests', setting: 'RATE_LIMIT_PER_MINUTE' });
  const frames = limiter(limits.frames, { identifier: 'frames', setting: 'SERVO_FRAMES_PER_MINUTE' });
  return (request, response, next) => void (isFrame(request) ? frames : requests)(request, response, next);
}

function limiter(
  { perMinute, counts }: RequestLimit,
  { identifier, setting }: { readonly identifier: string; readonly setting: string },
): RequestHandler {
  if (perMinute === 0) return (_request, _response, next) => next();
  return rateLimit({
    windowMs: MINUTE_SECONDS * 1000,
    limit: perMinute,
    store: storeOf(counts, perMinute),
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    identifier,
    // Sockets of files have no address.
    keyGenerator: ({ ip }) => ipKeyGenerator(ip ?? 'unknown'),
    skip: (request) => UNLIMITED_PATHS.has(request.path),
    handler: (request, _response, next) => {
      const { resetTime } = (request as AugmentedRequest).rateLimit;
      const seconds = Math.ceil(((resetTime?.getTime() ?? 0) - Date.now()) / 1000);
      next(
        new AppError('RATE_LIMITED', {
          message: `This address sent more than ${perMinute} ${identifier} in one minute (${setting}).`,
          retryAfterSeconds: Math.min(Math.max(seconds, 1), MINUTE_SECONDS),
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
