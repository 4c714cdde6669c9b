import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express, RequestHandler } from 'express';
import { createApp } from '../app.js';
import { limitConnections } from '../lifecycle/connection-limits.js';
import { createHttpServer, type HttpServerOptions } from '../lifecycle/http-server.js';
import { listenOn } from '../lifecycle/listen.js';
import { MemoryBudget } from '../lifecycle/memory-budget.js';
import type { EndpointGuards } from '../middlewares/endpoint.js';
import type { BodyReceivers } from '../middlewares/body/receive-body.js';
import { answerToUnparsed } from '../middlewares/client-error.js';
import { FRAME_COUNTS, REQUEST_COUNTS, requestLimiter } from '../middlewares/rate-limit.js';
import { uploadReceiver } from '../middlewares/multipart.js';
import { imageReceiver } from '../middlewares/image-form.js';
import { IMAGE_MAX_BYTES } from '../schemas/classification.schema.js';
import type { AdminService } from '../services/admin.service.js';
import type { EnvironmentKeys } from '../services/environment-keys.js';
import { createControllers } from './api-controllers.js';
import type { ApiDeps } from './api-deps.js';
import { sharedCounts } from './shared-counts.js';
import { createRealtime } from './api-realtime.js';
import { createServices, type Services } from './api-services.js';
import { createServo } from './api-servo.js';
import { bodyPace } from './body-pace.js';

/** The API of this process. */
export interface ApiServer {
  /** For tests and for adding handlers; started by {@link listen}. */
  readonly server: Server;
  /** The routes; `server` calls them behind its own guards. */
  readonly app: Express;
  readonly admins: AdminService;
  readonly environmentKeys: EnvironmentKeys;
  /** Starts listening for job events and accepting requests. @returns the base URL. */
  listen(address: { host: string; port: number }): Promise<string>;
  /** Stops accepting requests, waits for those in progress, and closes sockets and streams. */
  close(): Promise<void>;
}

/**
 * Time limit of a request. A large upload over a slow connection takes long; stalled bodies are detected
 * separately.
 */
const REQUEST_TIMEOUT_MS = 3_600_000;
const DRAIN_MS = 10_000;

/** Waits for requests in progress, then closes the remaining connections. */
async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(cut);
}

/** All receivers of bodies share one memory budget and one minimum rate. */
function createBodyReceivers({ settings, uploads }: ApiDeps): BodyReceivers {
  const pace = bodyPace(settings.http);
  const memory = new MemoryBudget(settings.http.bodyMemoryBytes);
  const folders = {
    tempFolder: () => uploads.tempFolders.create('uploads', randomUUID()),
    requireSpace: (bytes: number) => uploads.inspector.requireSpace(bytes),
  };
  return {
    memory,
    pace,
    spill: folders,
    images: imageReceiver({ maxBytes: IMAGE_MAX_BYTES, pace, memory, ...folders }),
    uploads: uploadReceiver({ maxBytes: settings.upload.maxBytes, pace, ...folders }),
  };
}

const serverOptions = ({ settings, logger }: ApiDeps): HttpServerOptions => ({
  keepAliveMs: settings.http.keepAliveMs,
  requestTimeoutMs: REQUEST_TIMEOUT_MS,
  readTimeoutMs: settings.http.readIdleMs,
  onError: (err) => logger.warn('A listener of the server failed.', { err }),
  answerToUnparsed,
});

function createRateLimit(deps: ApiDeps): RequestHandler {
  const { requestsPerMinute, framesPerMinute } = deps.settings.http;
  return requestLimiter({
    requests: { perMinute: requestsPerMinute, counts: sharedCounts(deps, REQUEST_COUNTS) },
    frames: { perMinute: framesPerMinute, counts: sharedCounts(deps, FRAME_COUNTS) },
  });
}

const createGuards = (deps: ApiDeps, { authenticator, audit, quotas }: Services): EndpointGuards => ({
  authenticator,
  idempotency: deps.unitOfWork.read.idempotency,
  bodies: createBodyReceivers(deps),
  audit,
  quotas,
});

function limitConnectionsOf(server: Server, { settings: { http }, logger }: ApiDeps): void {
  const limits = {
    total: http.maxConnections,
    // Behind a proxy all clients have the address of the proxy.
    perAddress: http.trustedProxies > 0 ? 0 : http.maxConnectionsPerAddress,
  };
  limitConnections(server, limits, (address) =>
    logger.warn('Connections are refused: too many are open.', { address, ...limits }),
  );
}

/** Wires the API; nothing listens before {@link ApiServer.listen}. */
export function createApiServer(deps: ApiDeps): ApiServer {
  const { settings, logger } = deps;
  const services = createServices(deps);
  const servo = createServo(deps, services.networkRights);
  const realtime = createRealtime(deps, services, servo);
  const app = createApp({
    controllers: createControllers(deps, { ...services, servo }, realtime),
    guards: createGuards(deps, services),
    queueBoard: deps.queueBoard,
    logger: logger.child({ component: 'http' }),
    corsOrigins: settings.http.corsOrigins,
    trustProxy: settings.http.trustedProxies,
    rateLimit: createRateLimit(deps),
    remoteControl: realtime.remote.request,
  });
  const server = createHttpServer(app, serverOptions(deps));
  limitConnectionsOf(server, deps);
  realtime.gateway.attach(server);
  return {
    server,
    app,
    admins: services.admins,
    environmentKeys: services.environmentKeys,
    listen: async ({ host, port }) => {
      await deps.eventSource.start(realtime.hub);
      await listenOn(server, { host, port, setting: 'PORT' });
      const url = baseUrl(host, server.address());
      servo.instance.listens(url, host);
      return url;
    },
    close: async () => {
      services.health.drain();
      await servo.sessions.closeAll('shutdown');
      realtime.eventStreams.closeAll();
      realtime.waiters.closeAll();
      await realtime.registry.close();
      await Promise.all([
        realtime.gateway.close(),
        realtime.servoStreams.close(),
        realtime.remote.close(),
        closeServer(server),
      ]);
      await Promise.all([deps.eventSource.close(), deps.incoming.locks.close()]);
      await Promise.all([deps.networks.engines.close(), deps.servo.engines.close()]);
    },
  };
}

function baseUrl(host: string, address: string | AddressInfo | null): string {
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${shown}:${port}`;
}
