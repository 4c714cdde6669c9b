import express, { type Express, type RequestHandler } from 'express';
import { QUEUE_BOARD_PATH, SOCKET_IO_PATH } from './domain/api-paths.js';
import type { Logger } from './logging/logger.js';
import { accessLog } from './middlewares/access-log.js';
import { rejectAmbiguousHeaders } from './middlewares/client-error.js';
import type { EndpointGuards } from './middlewares/endpoint.js';
import { errorHandler } from './middlewares/error-handler.js';
import { HttpError, shownPath } from './middlewares/problem.js';
import { commonHeaders, compressed } from './middlewares/common-headers.js';
import { warnOfUndeclaredProxy } from './middlewares/undeclared-proxy.js';
import { requestContext } from './middlewares/request-context.js';
import { apiRoutes, documentationRoutes, type Controllers } from './routes/index.js';

/** Dependencies of the HTTP application. */
export interface AppDeps {
  readonly controllers: Controllers;
  readonly guards: EndpointGuards;
  /** Queue board, behind the admin guard at `/api/admin/queues`. */
  readonly queueBoard: RequestHandler;
  readonly logger: Logger;
  /** Origins of browser pages that may call the API. */
  readonly corsOrigins: readonly string[];
  /** Number of trusted proxies whose `X-Forwarded-For` is used. */
  readonly trustProxy: number;
  /** Rate limit per address. */
  readonly rateLimit: RequestHandler;
  /** Requests of Socket.IO by long polling. */
  readonly remoteControl: RequestHandler;
}

/** Creates the HTTP application; does not listen. */
export function createApp(deps: AppDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', deps.trustProxy);
  app.set('etag', false);
  app.use(requestContext);
  app.use(accessLog(deps.logger));
  app.use(...commonHeaders(deps.corsOrigins));
  app.use(rejectAmbiguousHeaders);
  app.use(warnOfUndeclaredProxy(deps.trustProxy, deps.logger));
  app.use(deps.rateLimit);
  app.use(SOCKET_IO_PATH, deps.remoteControl);
  app.use(compressed());
  app.use(documentationRoutes());
  app.use(QUEUE_BOARD_PATH, deps.controllers.adminSessions.guard, deps.queueBoard);
  app.use(apiRoutes(deps.controllers, deps.guards));
  app.use((request) => {
    throw new HttpError('NOT_FOUND', `No route for ${request.method} ${shownPath(request.path)}.`);
  });
  app.use(errorHandler(deps.logger));
  return app;
}
