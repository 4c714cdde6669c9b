import type { RequestHandler } from 'express';
import type { Logger } from '../logging/logger.js';

/**
 * Warns once when requests seem to arrive through a proxy that is not configured. All of its clients would
 * then share one address for the limits on sign-ins, requests and connections.
 */
export function warnOfUndeclaredProxy(trustProxy: number, logger: Pick<Logger, 'warn'>): RequestHandler {
  let warned = trustProxy > 0;
  return (request, _response, next) => {
    if (!warned && request.headers['x-forwarded-for'] !== undefined) {
      warned = true;
      logger.warn(
        'A request has the header X-Forwarded-For, which is ignored because TRUST_PROXY is 0. Behind a proxy, all clients then count as one address: set TRUST_PROXY to the number of proxies.',
      );
    }
    next();
  };
}
