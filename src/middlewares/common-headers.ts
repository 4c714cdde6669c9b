import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import compression from 'compression';
import cors from 'cors';
import type { RequestHandler } from 'express';
import helmet from 'helmet';

const EXPOSED_HEADERS = [
  'X-Request-Id',
  'Location',
  'Link',
  'ETag',
  'Retry-After',
  'Idempotency-Replayed',
  'WWW-Authenticate',
  'RateLimit',
];
/** Smaller answers fit a few packets anyway, and compressing costs more than the whole rest of their way out. */
const COMPRESSED_FROM_BYTES = 8 * 1024;

/** What every answer carries: security headers, and what pages of other origins may do. */
export function commonHeaders(corsOrigins: readonly string[]): RequestHandler[] {
  return [securityHeaders(), crossOrigin(corsOrigins)];
}

/** Headers for browsers; the two own pages (documentation, queue board) need inline styles and data images. */
function securityHeaders(): RequestHandler {
  const set = helmet({
    // The admin's sign-in form must show its origin, which `no-referrer` would hide.
    referrerPolicy: { policy: 'same-origin' },
    contentSecurityPolicy: {
      directives: {
        'connect-src': ["'self'"],
        // The queue board asks for a web font of another site, which would hear of every visit and, where it cannot be
        // reached, hold the page up.
        'style-src': ["'self'", "'unsafe-inline'"],
        'font-src': ["'self'", 'data:'],
        // On plain HTTP, as on loopback, upgrading would break every page.
        'upgrade-insecure-requests': null,
      },
    },
  });
  // They are the same for every answer: building them each time costs more than sending them.
  const sample = new ServerResponse(new IncomingMessage(new Socket()));
  set(sample.req, sample, (error) => {
    if (error) throw error instanceof Error ? error : new Error(String(error));
  });
  const headers = sample.getHeaderNames().map((name) => [name, String(sample.getHeader(name))] as const);
  return (_request, response, next) => {
    for (const [name, value] of headers) response.setHeader(name, value);
    next();
  };
}

/**
 * Only browsers name an origin; to others there is nothing to allow. An `OPTIONS` that is no preflight goes on to its
 * route, which answers with the methods that it takes (RFC 9110 9.3.7).
 */
function crossOrigin(origins: readonly string[]): RequestHandler {
  const options = { origin: [...origins], exposedHeaders: EXPOSED_HEADERS, maxAge: 600 };
  const [allow, allowAndGoOn] = [cors(options), cors({ ...options, preflightContinue: true })];
  return (request, response, next) => {
    if (request.headers.origin !== undefined) {
      const isPreflight = request.headers['access-control-request-method'] !== undefined;
      (isPreflight ? allow : allowAndGoOn)(request, response, next);
      return;
    }
    response.setHeader('Vary', 'Origin');
    next();
  };
}

/** Compresses long answers for those who can read that. */
export function compressed(): RequestHandler {
  const compress = compression({ threshold: COMPRESSED_FROM_BYTES });
  return (request, response, next) => {
    if (request.headers['accept-encoding'] === undefined) next();
    else compress(request, response, next);
  };
}
