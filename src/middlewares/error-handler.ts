import type { ErrorRequestHandler, Request, Response } from 'express';
import { endAfterDrain } from '../lifecycle/lingering-close.js';
import type { Logger } from '../logging/logger.js';
import { hasBody } from './body/json-body.js';
import { isUnexpected, toProblem } from './problem.js';
import { requestId } from './request-context.js';

/** Sends an error as problem+json, or closes the connection if the response has already started. */
export function sendProblem(error: unknown, request: Request, response: Response): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const problem = toProblem(error, { id: requestId(request), path: request.originalUrl.split('?')[0] });
  const body = JSON.stringify(problem.body);
  response
    .status(problem.status)
    .set(problem.headers)
    .set('Cache-Control', 'no-store')
    .type('application/problem+json; charset=utf-8');
  // A request rejected immediately is not `complete`, even when it has no body.
  if (request.complete || !hasBody(request)) {
    response.send(body);
    return;
  }
  // Unread bytes of the body would be parsed as the next request, so the connection is closed. Compression
  // would delay the response.
  response.set({
    'Cache-Control': 'no-store, no-transform',
    'Content-Length': String(Buffer.byteLength(body)),
  });
  endAfterDrain(response, body).catch(() => response.destroy());
}

/** The last middleware: answers every error as problem+json; unexpected errors are logged in full. */
export function errorHandler(logger: Logger): ErrorRequestHandler {
  // eslint-disable-next-line max-params -- Express recognises error handlers by their four parameters
  return (error: unknown, request, response, _next) => {
    if (isUnexpected(error)) {
      logger.error('Request failed unexpectedly', {
        err: error,
        method: request.method,
        path: request.path,
      });
    }
    sendProblem(error, request, response);
  };
}
