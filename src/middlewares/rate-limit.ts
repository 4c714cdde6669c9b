import type { RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import { AppError } from '../errors/app-error.js';
import { UNLIMITED_PATHS } from '../schemas/system.schema.js';

const MINUTE_MS = 60_000;

/** Limits requests per client address and minute; 0 switches it off. */
export function rateLimiter(perMinute: number): RequestHandler {
  if (perMinute === 0) return (_request, _response, next) => next();
  return rateLimit({
    windowMs: MINUTE_MS,
    limit: perMinute,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    identifier: 'requests',
    skip: (request) => UNLIMITED_PATHS.has(request.path),
    handler: (_request, _response, next) => {
      next(
        new AppError('RATE_LIMITED', {
          message: `More than ${perMinute} requests a minute came from this address.`,
          retryAfterSeconds: MINUTE_MS / 1000,
        }),
      );
    },
  });
}
