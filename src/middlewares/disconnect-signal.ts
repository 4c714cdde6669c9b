import type { ServerResponse } from 'node:http';
import { AppError } from '../errors/app-error.js';

/**
 * Aborts when the client has gone before its answer: computing for it would only keep others waiting. Many leave while
 * their body is read or their token is checked, so the signal may be aborted from the start.
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

const clientGone = (): AppError => new AppError('CLIENT_GONE', { message: 'The client has gone.' });
