import type { ErrorRequestHandler, Request, Response } from 'express';
import { endAfterDrain } from '../lifecycle/lingering-close.js';
import type { Logger } from '../logging/logger.js';
import { hasBody } from './body/json-body.js';
import { isUnexpected, toProblem } from './problem.js';
import { requestId } from './request-context.js';

/** Writes an error as problem+json; cuts the connection when a body is already under way. */
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
  // A request that is refused at once is not complete even where nothing follows its head.
  if (request.complete || !hasBody(request)) {
    response.send(body);
    return;
  }
  // What is left of an unread body would be taken for the next request, and compressing would hold the answer back.
  response.set({
    'Cache-Control': 'no-store, no-transform',
    'Content-Length': String(Buffer.byteLength(body)),
  });
  endAfterDrain(response, body).catch(() => response.destroy());
}

/** The last middleware: every error becomes problem+json; bugs are logged in full. */
export function errorHandler(logger: Logger): ErrorRequestHandler {
  // eslint-disable-next-line max-params -- Express knows handlers of errors by their four parameters
  return (error: unknown, request, response, _next) => {
    if (isUnexpected(error)) {
      logger.error('A request failed unexpectedly', {
        err: error,
        method: request.method,
        path: request.path,
      });
    }
    sendProblem(error, request, response);
  };
}
