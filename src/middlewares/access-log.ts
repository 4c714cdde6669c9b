import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Logger } from '../logging/logger.js';

/** Logs one debug line per request: method, path without query, status and duration. */
export function accessLog(logger: Logger): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    const started = performance.now();
    const path = request.path;
    response.once('close', () => {
      const fields = {
        method: request.method,
        path,
        status: response.statusCode,
        durationMs: Math.round(performance.now() - started),
        ...(!response.writableFinished && { cutOff: true }),
      };
      logger.debug('Request completed', fields);
    });
    next();
  };
}
