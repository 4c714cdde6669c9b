import compression from 'compression';
import cors from 'cors';
import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import type { Logger } from './logging/logger.js';
import { accessLog } from './middlewares/access-log.js';
import type { EndpointGuards } from './middlewares/endpoint.js';
import { errorHandler } from './middlewares/error-handler.js';
import { HttpError } from './middlewares/problem.js';
import { rateLimiter } from './middlewares/rate-limit.js';
import { requestContext } from './middlewares/request-context.js';
import { apiRoutes, documentationRoutes, type Controllers } from './routes/index.js';

/** What the HTTP application is wired from. */
export interface AppDeps {
  readonly controllers: Controllers;
  readonly guards: EndpointGuards;
  /** Queue board, behind the admin guard at `/api/admin/queues`. */
  readonly queueBoard: RequestHandler;
  readonly logger: Logger;
  /** Origins of browser pages that may call the API. */
  readonly corsOrigins: readonly string[];
  /** Number of proxies in front whose `X-Forwarded-For` is believed. */
  readonly trustProxy: number;
  /** Requests per address and minute; 0 for no limit. */
  readonly rateLimitPerMinute: number;
}

const EXPOSED_HEADERS = [
  'X-Request-Id',
  'Location',
  'Link',
  'ETag',
  'Retry-After',
  'Idempotency-Replayed',
  'RateLimit',
];
const QUEUE_BOARD_PATH = '/api/admin/queues';

/** Security headers; the two own pages (documentation, queue board) need inline styles and data images. */
function securityHeaders(): RequestHandler {
  return helmet({
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
}

/** Wires the HTTP application; it never listens. */
export function createApp(deps: AppDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', deps.trustProxy);
  app.set('etag', false);
  app.use(requestContext);
  app.use(accessLog(deps.logger));
  app.use(securityHeaders());
  app.use(cors({ origin: [...deps.corsOrigins], exposedHeaders: EXPOSED_HEADERS, maxAge: 600 }));
  app.use(rateLimiter(deps.rateLimitPerMinute));
  app.use(compression());
  app.use(documentationRoutes());
  app.use(QUEUE_BOARD_PATH, deps.controllers.adminSessions.guard, deps.queueBoard);
  app.use(apiRoutes(deps.controllers, deps.guards));
  app.use((request) => {
    throw new HttpError(404, 'NOT_FOUND', `There is nothing at ${request.method} ${request.path}.`);
  });
  app.use(errorHandler(deps.logger));
  return app;
}
