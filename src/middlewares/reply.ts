import type { Response } from 'express';

/** What a handler answers. `body` undefined means an empty body, bytes are JSON that was written before. */
export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Returned by handlers that wrote the response themselves, such as downloads. */
export const HANDLED = Symbol('handled');

/** 200 with a JSON body. */
export function ok(body: unknown, headers?: Reply['headers']): Reply {
  return { status: 200, body, headers };
}

/** 201 with a JSON body and the path of what was created. */
export function created(body: unknown, location: string): Reply {
  return { status: 201, body, headers: { Location: location } };
}

/** Writes a reply; answers of the API are private to their user and never cached. */
export function sendReply(response: Response, { status, body, headers }: Reply): void {
  response.statusCode = status;
  response.setHeader('Cache-Control', 'no-store');
  if (headers) response.set(headers);
  if (body === undefined) {
    response.end();
    return;
  }
  // Express would look for what a JSON answer never has: an entity tag, a type to be guessed.
  const json = Buffer.isBuffer(body) ? body : JSON.stringify(body);
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(json));
  response.end(json);
}

/** Aborts when the client disconnects, so that no work is done for it. */
export function whileConnected(response: Response): AbortSignal {
  const abort = new AbortController();
  response.once('close', () => abort.abort());
  return abort.signal;
}
