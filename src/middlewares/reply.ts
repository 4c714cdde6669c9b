import type { Response } from 'express';

/** A handler's response. `body` undefined means an empty body; bytes are JSON that was serialised before. */
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

/** 201 with a JSON body and the path of the created resource. */
export function created(body: unknown, location: string): Reply {
  return { status: 201, body, headers: { Location: location } };
}

/** Sends a reply. Responses of the API are private to their user and never cached. */
export function sendReply(response: Response, { status, body, headers }: Reply): void {
  response.statusCode = status;
  response.setHeader('Cache-Control', 'no-store');
  if (headers) response.set(headers);
  if (body === undefined) {
    response.end();
    return;
  }
  // `response.json` would compute an ETag and negotiate a type, neither of which JSON responses use.
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
