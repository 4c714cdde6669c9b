import type { RequestHandler } from 'express';

/**
 * A handler whose parts are loaded at its first request: pages that few people open need not slow down every start.
 * What failed to load is tried again at the next request.
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
