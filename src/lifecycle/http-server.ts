import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { guarded, type ListenerErrorHandler } from '../errors/guarded.js';
import { joinChunks } from './body-chunks.js';
import { feedOneRequestAtATime, requestBegun, stopFeeding } from './connection-feed.js';
import { continueWhenRead } from './continue-when-read.js';
import { drain } from './lingering-close.js';
import { RequestQueue } from './request-queue.js';
import { closeStalledReaders } from './stalled-readers.js';

/** Timeouts and callbacks of an HTTP server. */
export interface HttpServerOptions {
  /** Milliseconds that an idle connection stays open. */
  readonly keepAliveMs: number;
  /** Milliseconds within which a whole request must arrive. */
  readonly requestTimeoutMs: number;
  /** Milliseconds within which a client must read some of the data that is waiting for it. */
  readonly readTimeoutMs: number;
  /** Receives errors of listeners, responses and the server itself. */
  readonly onError: ListenerErrorHandler;
  /** The raw response to data that is not a request; by default that of Node.js. */
  readonly answerToUnparsed?: (error: unknown) => string;
}

/**
 * Milliseconds within which the headers of a request must arrive, from its first byte or from the start of a
 * new connection. Idle time between two requests of a connection is not counted.
 */
const HEADERS_TIMEOUT_MS = 20_000;
/** Interval at which Node.js checks for timed-out requests. */
const CHECK_INTERVAL_MS = 5_000;

/** Creates an HTTP server whose events can never end the process; `listener` must not throw. */
export function createHttpServer(listener: RequestListener, options: HttpServerOptions): Server {
  const { keepAliveMs, requestTimeoutMs, readTimeoutMs, onError, answerToUnparsed } = options;
  const server = createServer({
    keepAliveTimeout: keepAliveMs,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: Math.max(requestTimeoutMs, HEADERS_TIMEOUT_MS),
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
    // Overrides a flag of the process: heads must end in exactly one way.
    insecureHTTPParser: false,
    // Node.js would answer without emitting a request; the application rejects such requests itself.
    requireHostHeader: false,
  });
  const turns = new RequestQueue(listener);
  const serve: RequestListener = (request, response) => {
    // Writing to a response after its end emits an error, which would end the process without a listener.
    response.on('error', onError);
    joinChunks(request);
    requestBegun(request, response);
    turns.add(request, response);
  };
  server.on('connection', closeGone);
  server.on('connection', turns.connectionAccepted);
  server.on('connection', guarded(onError, feedOneRequestAtATime));
  server.on('request', serve);
  server.on('checkContinue', (request, response) => {
    continueWhenRead(request, response);
    serve(request, response);
  });
  // The application rejects unknown expectations itself.
  server.on('checkExpectation', serve);
  // Failures to accept connections, such as running out of file descriptors, are errors of the server.
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

/**
 * Closes a connection that was reset before it was accepted. What it sent can still be read, but not be answered, and
 * nobody knows any more whose limits it counts for.
 */
function closeGone(socket: Socket): void {
  // Sockets of files have no addresses at all.
  if (socket.remoteAddress === undefined && socket.localAddress !== undefined) socket.destroy();
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
  // Nothing that a handler still writes may follow this response.
  socket.end(answer);
  await drain(socket);
  socket.destroySoon();
}
