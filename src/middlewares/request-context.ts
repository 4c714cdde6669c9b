import { randomUUID } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';
import { withLogContext } from '../logging/log-context.js';

const ACCEPTED_ID = /^[\w.:-]{1,128}$/;
const ids = new WeakMap<Request, string>();

/** The id of a request: the client's `X-Request-Id` if it is well-formed, otherwise a new UUID. */
export function requestId(request: Request): string {
  let id = ids.get(request);
  if (id === undefined) {
    const given = request.get('x-request-id');
    id = given !== undefined && ACCEPTED_ID.test(given) ? given : randomUUID();
    ids.set(request, id);
  }
  return id;
}

/** Echoes the request id and adds it to every log line of the request. */
export function requestContext(request: Request, response: Response, next: NextFunction): void {
  const id = requestId(request);
  response.setHeader('X-Request-Id', id);
  withLogContext({ requestId: id }, next);
}
