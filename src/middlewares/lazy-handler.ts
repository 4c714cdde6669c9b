import type { RequestHandler } from 'express';

/**
 * A handler whose modules are loaded at the first request, so that rarely used pages do not slow down the
 * start. A failed load is retried at the next request.
 */
export function lazyHandler(load: () => Promise<RequestHandler>): RequestHandler {
  let loading: Promise<RequestHandler> | undefined;
  return (request, response, next) => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    loading.then((handler) => handler(request, response, next)).catch(next);
  };
}
