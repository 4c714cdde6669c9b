import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { once } from 'node:events';
import { LIVENESS_PATH, READINESS_PATH } from '../domain/api-paths.js';
import { createHttpServer } from '../lifecycle/http-server.js';
import { guarded } from '../errors/guarded.js';
import { messageOf } from '../errors/app-error.js';
import { listenOn } from '../lifecycle/listen.js';

/** The state that the health server reports. */
export interface HealthProbe {
  /** Rejects with the reason when the worker cannot take jobs. */
  ready(): Promise<void>;
  /** Statistics for an operator. */
  figures(): Readonly<Record<string, unknown>>;
}

/** A running health server. */
export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Address and connection limits of the server. */
export interface HealthServerOptions {
  readonly host: string;
  readonly port: number;
  readonly keepAliveMs: number;
  readonly onError: (error: unknown) => void;
}

/** Health requests have no body, so a short timeout suffices. */
const REQUEST_TIMEOUT_MS = 30_000;

/**
 * Serves `/livez` (the process responds) and `/readyz` (it can take jobs: 200, otherwise 503 with the
 * reason).
 */
export async function startHealthServer(
  { host, port, keepAliveMs, onError }: HealthServerOptions,
  probe: HealthProbe,
): Promise<HealthServer> {
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.url === LIVENESS_PATH) return answer(200, { status: 'ok', ...probe.figures() });
    if (request.url !== READINESS_PATH) return answer(404, { status: 'not found' });
    probe.ready().then(
      () => answer(200, { status: 'ok', ...probe.figures() }),
      (error: unknown) => answer(503, { status: 'unavailable', reason: messageOf(error) }),
    );
  };
  const server = createHttpServer(guarded(onError, listener), {
    keepAliveMs,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    readTimeoutMs: REQUEST_TIMEOUT_MS,
    onError,
  });
  await listenOn(server, { host, port, setting: 'WORKER_PORT' });
  return { port: portOf(server), close: () => closeServer(server) };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
