import { createServer, type RequestListener, type Server } from 'node:http';
import type { ListenerErrorHandler } from '../errors/guarded.js';
import { joinChunks } from './body-chunks.js';

/** How an HTTP server treats connections. */
export interface HttpServerOptions {
  /** Seconds that an idle connection stays open. */
  readonly keepAliveSeconds: number;
  /** Milliseconds in which a whole request must have arrived. */
  readonly requestTimeoutMs: number;
  /** Takes errors of listeners, responses and the server itself. */
  readonly onError: ListenerErrorHandler;
}

/**
 * Time for the headers beyond the keep-alive time: a balancer that sends on a connection about to be closed must not be
 * cut off by the shorter of two timers.
 */
const HEADERS_MARGIN_MS = 5_000;
/** How often Node.js looks for requests that are out of time. */
const CHECK_INTERVAL_MS = 5_000;

/** An HTTP server none of whose events can end the process; `listener` must not throw. */
export function createHttpServer(listener: RequestListener, options: HttpServerOptions): Server {
  const { keepAliveSeconds, requestTimeoutMs, onError } = options;
  const keepAliveTimeout = keepAliveSeconds * 1000;
  const headersTimeout = keepAliveTimeout + HEADERS_MARGIN_MS;
  const server = createServer({
    keepAliveTimeout,
    headersTimeout,
    requestTimeout: Math.max(requestTimeoutMs, headersTimeout),
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
  });
  server.on('request', (request, response) => {
    // Writing to a response after its end is an error event; without a listener it ends the process.
    response.on('error', onError);
    joinChunks(request);
    listener(request, response);
  });
  // Connections that cannot be accepted, for want of file descriptors say, are an error of the server.
  server.on('error', onError);
  return server;
}
