import type { RequestHandler } from 'express';
import type { Logger } from '../logging/logger.js';

/**
 * Warns once when requests seem to come through a proxy that is not configured: all of its clients would count as one
 * address, for the limits of sign-ins, requests and connections.
 */
export function warnOfUndeclaredProxy(trustProxy: number, logger: Pick<Logger, 'warn'>): RequestHandler {
  let warned = trustProxy > 0;
  return (request, _response, next) => {
    if (!warned && request.headers['x-forwarded-for'] !== undefined) {
      warned = true;
      logger.warn(
        'A request carries X-Forwarded-For, which is not believed because TRUST_PROXY is 0: behind a proxy all clients count as one address. Set TRUST_PROXY to the number of proxies in front.',
      );
    }
    next();
  };
}
