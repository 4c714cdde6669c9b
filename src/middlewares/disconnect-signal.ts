import type { ServerResponse } from 'node:http';
import { AppError } from '../errors/app-error.js';

/**
 * Aborts when the client disconnects before the response, so that no work is done for it. Clients often
 * disconnect while their body is read or their token is verified, so the signal may be aborted from the
 * start.
 */
export function disconnectSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  const leave = (): void => {
    if (!response.writableFinished) gone.abort(clientGone());
  };
  if (response.closed) leave();
  else response.once('close', leave);
  return gone.signal;
}

const clientGone = (): AppError => new AppError('CLIENT_GONE', { message: 'The client disconnected.' });
