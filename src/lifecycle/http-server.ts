import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { guarded, type ListenerErrorHandler } from '../errors/guarded.js';
import { joinChunks } from './body-chunks.js';
import { feedOneRequestAtATime, requestBegun, stopFeeding } from './connection-feed.js';
import { continueWhenRead } from './continue-when-read.js';
import { drain } from './lingering-close.js';
import { RequestQueue } from './request-queue.js';
import { closeStalledReaders } from './stalled-readers.js';

/** How an HTTP server treats connections. */
export interface HttpServerOptions {
  /** Seconds that an idle connection stays open. */
  readonly keepAliveMs: number;
  /** Milliseconds in which a whole request must have arrived. */
  readonly requestTimeoutMs: number;
  /** Milliseconds in which a client must take something of what waits for it. */
  readonly readTimeoutMs: number;
  /** Takes errors of listeners, responses and the server itself. */
  readonly onError: ListenerErrorHandler;
  /** The whole answer to what is no request; that of Node.js unless given. */
  readonly answerToUnparsed?: (error: unknown) => string;
}

/**
 * Milliseconds in which the headers of a request must have arrived, counted from its first byte, or from the beginning of
 * a new connection. The idle time between two requests of a connection does not count.
 */
const HEADERS_TIMEOUT_MS = 20_000;
/** How often Node.js looks for requests that are out of time. */
const CHECK_INTERVAL_MS = 5_000;

/** An HTTP server none of whose events can end the process; `listener` must not throw. */
export function createHttpServer(listener: RequestListener, options: HttpServerOptions): Server {
  const { keepAliveMs, requestTimeoutMs, readTimeoutMs, onError, answerToUnparsed } = options;
  const server = createServer({
    keepAliveTimeout: keepAliveMs,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: Math.max(requestTimeoutMs, HEADERS_TIMEOUT_MS),
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
    // Whatever the flags of the process say: heads end in one way.
    insecureHTTPParser: false,
    // Its answer would come without a request; the application refuses such requests itself.
    requireHostHeader: false,
  });
  const turns = new RequestQueue(listener);
  const serve: RequestListener = (request, response) => {
    // Writing to a response after its end is an error event; without a listener it ends the process.
    response.on('error', onError);
    joinChunks(request);
    requestBegun(request, response);
    turns.add(request, response);
  };
  server.on('connection', turns.connectionAccepted);
  server.on('connection', guarded(onError, feedOneRequestAtATime));
  server.on('request', serve);
  server.on('checkContinue', (request, response) => {
    continueWhenRead(request, response);
    serve(request, response);
  });
  // The application refuses what it does not know like anything else.
  server.on('checkExpectation', serve);
  // Connections that cannot be accepted, for want of file descriptors say, are an error of the server.
  server.on('error', onError);
  closeStalledReaders(server, readTimeoutMs);
  if (answerToUnparsed) {
    server.on(
      'clientError',
      guarded(onError, (error: Error, socket: Socket) => refuseUnparsed(socket, answerToUnparsed(error))),
    );
  }
  return server;
}

async function refuseUnparsed(socket: Socket, answer: string): Promise<void> {
  stopFeeding(socket);
  const underway: unknown = Reflect.get(socket, '_httpMessage');
  const started =
    typeof underway === 'object' && underway !== null && Reflect.get(underway, 'headersSent') === true;
  if (!socket.writable || started) {
    socket.destroySoon();
    return;
  }
  // Nothing that a handler still writes may follow it.
  socket.end(answer);
  await drain(socket);
  socket.destroySoon();
}
