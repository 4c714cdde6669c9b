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
  'Preference-Applied',
  'Idempotency-Replayed',
  'WWW-Authenticate',
  'RateLimit',
  'Tus-Resumable',
  'Tus-Version',
  'Tus-Extension',
  'Tus-Checksum-Algorithm',
  'Upload-Offset',
  'Upload-Length',
  'Upload-Metadata',
  'Upload-Expires',
  'Media-Id',
];
/** Smaller responses fit into a few packets, and compressing them costs more than sending them. */
const COMPRESSED_FROM_BYTES = 8 * 1024;

/** Headers of every response: security headers and CORS. */
export function commonHeaders(corsOrigins: readonly string[]): RequestHandler[] {
  return [securityHeaders(), crossOrigin(corsOrigins)];
}

/**
 * Security headers for browsers. Our own pages (documentation, queue board) need inline styles and data
 * images.
 */
function securityHeaders(): RequestHandler {
  const set = helmet({
    // The sign-in form of admins needs the Origin header, which `no-referrer` suppresses.
    referrerPolicy: { policy: 'same-origin' },
    contentSecurityPolicy: {
      directives: {
        'connect-src': ["'self'"],
        // The queue board loads a web font from another site, which would learn of every visit and, when
        // unreachable, delay the page.
        'style-src': ["'self'", "'unsafe-inline'"],
        'font-src': ["'self'", 'data:'],
        // Upgrading would break every page served over plain HTTP, such as on loopback.
        'upgrade-insecure-requests': null,
      },
    },
  });
  // The headers are constant, so they are computed once: computing them per response would cost more than
  // sending them.
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
 * CORS. Only browsers send an Origin header. An `OPTIONS` request that is not a preflight continues to its
 * route, which answers with the allowed methods (RFC 9110, section 9.3.7).
 */
function crossOrigin(origins: readonly string[]): RequestHandler {
  const options = { origin: [...origins], exposedHeaders: EXPOSED_HEADERS, maxAge: 600 };
  const [allow, allowAndContinue] = [cors(options), cors({ ...options, preflightContinue: true })];
  return (request, response, next) => {
    if (request.headers.origin !== undefined) {
      const isPreflight = request.headers['access-control-request-method'] !== undefined;
      (isPreflight ? allow : allowAndContinue)(request, response, next);
      return;
    }
    response.setHeader('Vary', 'Origin');
    next();
  };
}

/** Compresses long responses for clients that accept it. */
export function compressed(): RequestHandler {
  const compress = compression({ threshold: COMPRESSED_FROM_BYTES });
  return (request, response, next) => {
    if (request.headers['accept-encoding'] === undefined) next();
    else compress(request, response, next);
  };
}
