import type { Request, Response } from 'express';
import { watchBody, type BodyRateFloor } from './body-watch.js';
import { endedEarly } from './receive-bytes.js';

export type { BodyRateFloor } from './body-watch.js';

/** The body of a request as it arrives. */
export interface StreamedBody {
  readonly content: AsyncIterable<Uint8Array>;
  /** Content-Length; null for a chunked body. */
  readonly announced: number | null;
}

/**
 * Passes the body of a request on while it arrives.
 * @throws AppError BODY_TIMEOUT when it arrives too slowly, REQUEST_ABORTED when the client disconnects, and errors of `use`
 */
export async function readStream<Value>(
  {
    request,
    response,
    pace,
  }: { readonly request: Request; readonly response: Response; readonly pace: BodyRateFloor },
  use: (body: StreamedBody) => Promise<Value>,
): Promise<Value> {
  const watch = watchBody(request, response, pace);
  const length = request.headers['content-length'];
  const chunked = request.headers['transfer-encoding'] !== undefined;
  const announced = chunked ? null : Number(length ?? 0);
  try {
    return await use({ content: arriving(request, watch.failed), announced });
  } finally {
    watch.stop();
  }
}

/** The chunks of a body. The request is not destroyed, since its rejection is answered on the same socket. */
async function* arriving(
  request: Request,
  failed: Promise<never>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = request.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Uint8Array>;
  try {
    for (;;) {
      const next = await Promise.race([chunks.next(), failed]);
      if (next.done) break;
      yield next.value;
    }
  } catch (error) {
    throw !request.complete && request.destroyed ? endedEarly() : error;
  }
  if (!request.complete) throw endedEarly();
}
