import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RequestHandler } from 'express';
import { createApp } from '../app.js';
import type { Environment } from '../config/environment.js';
import { AccountController } from '../controllers/account.controller.js';
import { AdministrationController } from '../controllers/administration.controller.js';
import { AdminSessionController } from '../controllers/admin-session.controller.js';
import { AuthController } from '../controllers/auth.controller.js';
import { ClassificationController } from '../controllers/classification.controller.js';
import { DatasetController } from '../controllers/dataset.controller.js';
import { InferenceController } from '../controllers/inference.controller.js';
import { InpaintingController } from '../controllers/inpainting.controller.js';
import { JobController } from '../controllers/job.controller.js';
import { presentJob, presentNotification } from '../controllers/job.presenter.js';
import { NamedDatasetController } from '../controllers/named-dataset.controller.js';
import { PairUploadController } from '../controllers/pair-upload.controller.js';
import { PublicLinks } from '../controllers/public-links.js';
import { OpenInferenceController } from '../controllers/open-inference.controller.js';
import { NetworkController } from '../controllers/network.controller.js';
import { RealtimeController } from '../controllers/realtime.controller.js';
import { SystemController } from '../controllers/system.controller.js';
import { UploadController } from '../controllers/upload.controller.js';
import { UserController } from '../controllers/user.controller.js';
import type { UnitOfWork } from '../domain/repositories.js';
import { isTerminal } from '../domain/job.js';
import type { Logger } from '../logging/logger.js';
import { uploadReceiver } from '../middlewares/multipart.js';
import { pictureReceiver } from '../middlewares/picture-form.js';
import { EventStreams } from '../realtime/event-stream.js';
import type { JobEventSource } from '../realtime/job-event-source.js';
import { RealtimeHub } from '../realtime/realtime-hub.js';
import { WsGateway } from '../realtime/ws-gateway.js';
import type { Controllers } from '../routes/index.js';
import { PICTURE_MAX_BYTES } from '../schemas/classification.schema.js';
import { buildOpenApiDocument } from '../schemas/openapi.js';
import { AdminService } from '../services/admin.service.js';
import { InMemoryLoginAttempts } from '../services/auth-login-attempts.js';
import { PasswordHasher } from '../services/auth-password.js';
import { AuthService } from '../services/auth.service.js';
import { AccountService } from '../services/account.service.js';
import { AdministrationService } from '../services/administration.service.js';
import { DatasetFileService, type FramePictures } from '../services/dataset-file.service.js';
import { ClassificationService } from '../services/classification.service.js';
import { DatasetService } from '../services/dataset.service.js';
import { HealthService, type HealthProbe } from '../services/health.service.js';
import { LedgerInferencePayment } from '../services/inference-payment.js';
import type { JobService } from '../services/job.service.js';
import { OpenInferenceService } from '../services/open-inference.service.js';
import { NetworkService } from '../services/network.service.js';
import { PictureCharges } from '../services/picture-charges.js';
import type { ResultService } from '../services/result.service.js';
import { DownloadLinks } from '../services/token-download-link.js';
import type { KeyRing } from '../services/token-keys.js';
import { TokenService } from '../services/token.service.js';
import type { MediaInspector } from '../services/upload-inspection.js';
import { UploadService, type MediaStore } from '../services/upload.service.js';
import { UserService } from '../services/user.service.js';
import type { BlobStore } from '../storage/blob-store.js';
import type { TempFolders } from '../storage/temp-folders.js';
import type { NetworkParts } from './networks.js';

/** Where uploads go: a temp folder first, then the store. */
export interface UploadPlaces {
  readonly inspector: MediaInspector;
  readonly store: MediaStore & Pick<BlobStore, 'open' | 'path'>;
  readonly frames: FramePictures;
  readonly tempFolders: TempFolders;
}

/** Settings that the API reads. */
export type ApiSettings = Pick<
  Environment,
  | 'JWT_ISSUER'
  | 'JWT_AUDIENCE'
  | 'JWT_EXPIRATION'
  | 'BCRYPT_SALT_ROUNDS'
  | 'LOGIN_ATTEMPTS_PER_15_MINUTES'
  | 'RATE_LIMIT_PER_MINUTE'
  | 'CORS_ORIGINS'
  | 'TRUST_PROXY'
  | 'UPLOAD_MAX_MB'
  | 'PUBLIC_URL'
  | 'INFERENCE_TIMEOUT'
>;

/** What the API is built from. */
export interface ApiDeps {
  readonly settings: ApiSettings;
  readonly unitOfWork: UnitOfWork;
  readonly jobs: JobService;
  readonly results: ResultService;
  readonly keys: KeyRing;
  readonly uploads: UploadPlaces;
  readonly networks: NetworkParts;
  readonly eventSource: JobEventSource;
  readonly queueBoard: RequestHandler;
  readonly probes: Readonly<Record<string, HealthProbe>>;
  readonly logger: Logger;
}

/** The API of this process. */
export interface ApiServer {
  /** For tests and for adding handlers; {@link listen} starts it. */
  readonly server: Server;
  readonly admins: AdminService;
  /** Starts hearing job events and accepting requests. @returns the base URL. */
  listen(address: { host: string; port: number }): Promise<string>;
  /** Stops intake, lets requests in flight end, closes sockets and streams. */
  close(): Promise<void>;
}

/** Milliseconds without a byte after which an upload is given up. */
const UPLOAD_IDLE_MS = 30_000;
/** A large upload over a slow line takes long; standing still is what ends it. */
const REQUEST_TIMEOUT_MS = 3_600_000;
const HEADERS_TIMEOUT_MS = 30_000;
const DRAIN_MS = 10_000;

/** The version in package.json, beside the sources and beside the compiled files alike. */
export function productVersion(): string {
  for (const relative of ['../../package.json', '../../../package.json']) {
    try {
      const parsed: unknown = JSON.parse(readFileSync(new URL(relative, import.meta.url), 'utf8'));
      if (typeof parsed === 'object' && parsed !== null && 'version' in parsed) return String(parsed.version);
    } catch {
      continue;
    }
  }
  return '0.0.0';
}

function createServices({ settings, unitOfWork, jobs, keys, uploads, probes, networks }: ApiDeps) {
  const passwords = new PasswordHasher(settings.BCRYPT_SALT_ROUNDS);
  const tokens = new TokenService(keys, {
    issuer: settings.JWT_ISSUER,
    audience: settings.JWT_AUDIENCE,
    accessSeconds: settings.JWT_EXPIRATION,
  });
  const charges = new PictureCharges(unitOfWork);
  const attempts = new InMemoryLoginAttempts(settings.LOGIN_ATTEMPTS_PER_15_MINUTES);
  return {
    tokens,
    auth: new AuthService({ unitOfWork, passwords, attempts, tokens }),
    users: new UserService(unitOfWork),
    admins: new AdminService(unitOfWork, passwords),
    accounts: new AccountService(unitOfWork, passwords, jobs),
    administration: new AdministrationService(unitOfWork),
    datasets: new DatasetService(unitOfWork),
    datasetFiles: new DatasetFileService(unitOfWork, uploads.store, uploads.frames),
    uploads: new UploadService(unitOfWork, uploads.inspector, uploads.store),
    classification: new ClassificationService({
      unitOfWork,
      charges,
      ...networks,
      readMedia: async ({ storageKey }) => readFile(await uploads.store.path(storageKey)),
    }),
    openInference: new OpenInferenceService(
      networks.catalogue,
      networks.engines,
      new LedgerInferencePayment(charges),
    ),
    networks: new NetworkService(networks.catalogue, networks.engines),
    health: new HealthService(probes),
    links: new DownloadLinks(keys.linkKey),
  };
}

type Services = ReturnType<typeof createServices>;

function createRealtime({ unitOfWork, jobs, logger, settings }: ApiDeps, services: Services) {
  const { read } = unitOfWork;
  const component = logger.child({ component: 'realtime' });
  const hub = new RealtimeHub(
    {
      eventsAfter: (jobId, after) => read.jobs.eventsAfter(jobId, after),
      recentJobs: async (userId, limit) => (await read.jobs.list({ userId, limit })).rows,
    },
    component,
  );
  const gateway = new WsGateway({
    hub,
    logger: component,
    session: (token) => services.auth.session(token),
    snapshot: async (jobId, userId) => {
      const job = await jobs.get(jobId, { principal: { userId, email: '', role: 'user' } });
      const queuePosition = await jobs.queuePosition(job);
      return {
        seq: job.seq,
        ended: isTerminal(job.status),
        job: presentJob({ job, queuePosition }, services.links),
      };
    },
    notification: (event) => presentNotification(event, services.links),
    originAllowed: (origin, host) =>
      settings.CORS_ORIGINS.includes(origin) || (URL.canParse(origin) && new URL(origin).host === host),
  });
  return { hub, gateway, streams: new EventStreams(hub) };
}

type Realtime = ReturnType<typeof createRealtime>;

/** Controllers of accounts, datasets by name, inpainting and administration. */
function createNamedControllers({ settings, jobs, results }: ApiDeps, services: Services) {
  const { accounts, admins, administration, auth, datasets, datasetFiles, users } = services;
  const links = new PublicLinks(services.links, settings.PUBLIC_URL);
  const signatures = services.links;
  return {
    accounts: new AccountController(auth, accounts),
    namedDatasets: new NamedDatasetController({ datasets, files: datasetFiles, links, signatures }),
    pairUploads: new PairUploadController(services.uploads, datasets, users),
    inpainting: new InpaintingController({ jobs, results, datasets, users, links, signatures }),
    administration: new AdministrationController(administration, admins),
  };
}

function createControllers(
  deps: ApiDeps,
  services: Services,
  { hub, gateway, streams }: Realtime,
): Controllers {
  const { jobs, results, keys } = deps;
  const { auth, users, links } = services;
  const version = productVersion();
  return {
    auth: new AuthController(auth, keys.jwks),
    users: new UserController(users, services.admins),
    datasets: new DatasetController(services.datasets),
    uploads: new UploadController(services.uploads, users),
    inference: new InferenceController({ jobs, results, users, links, networks: services.networks }),
    classification: new ClassificationController(services.classification, users),
    networks: new NetworkController(services.networks, deps.settings.INFERENCE_TIMEOUT),
    jobs: new JobController(jobs, streams, links),
    openInference: new OpenInferenceController({
      inference: services.openInference,
      health: services.health,
      version,
    }),
    realtime: new RealtimeController({
      connections: (userId) => hub.connections(userId),
      notify: (userId, message) => gateway.notify(userId, message),
    }),
    system: new SystemController({
      health: services.health,
      authenticator: auth,
      version,
      document: buildOpenApiDocument({ version }),
    }),
    ...createNamedControllers(deps, services),
    adminSessions: new AdminSessionController({ auth, tokens: services.tokens }),
  };
}

/** Lets requests in flight end, then cuts what is left. */
async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(cut);
}

/** Wires the API; nothing listens until {@link ApiServer.listen}. */
export function createApiServer(deps: ApiDeps): ApiServer {
  const { settings, unitOfWork, uploads, logger } = deps;
  const services = createServices(deps);
  const realtime = createRealtime(deps, services);
  const app = createApp({
    controllers: createControllers(deps, services, realtime),
    guards: {
      authenticator: services.auth,
      idempotency: unitOfWork.read.idempotency,
      pictures: pictureReceiver({ maxBytes: PICTURE_MAX_BYTES }),
      uploads: uploadReceiver({
        maxBytes: settings.UPLOAD_MAX_MB,
        idleTimeoutMs: UPLOAD_IDLE_MS,
        tempFolder: () => uploads.tempFolders.create('uploads', randomUUID()),
        requireSpace: (bytes) => uploads.inspector.requireSpace(bytes),
      }),
    },
    queueBoard: deps.queueBoard,
    logger: logger.child({ component: 'http' }),
    corsOrigins: settings.CORS_ORIGINS,
    trustProxy: settings.TRUST_PROXY,
    rateLimitPerMinute: settings.RATE_LIMIT_PER_MINUTE,
  });
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: HEADERS_TIMEOUT_MS },
    app,
  );
  realtime.gateway.attach(server);
  return {
    server,
    admins: services.admins,
    listen: async ({ host, port }) => {
      await deps.eventSource.start(realtime.hub);
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => resolve());
      });
      return baseUrl(host, server.address());
    },
    close: async () => {
      services.health.drain();
      realtime.streams.closeAll();
      await Promise.all([realtime.gateway.close(), closeServer(server)]);
      await deps.eventSource.close();
      await deps.networks.engines.close();
    },
  };
}

function baseUrl(host: string, address: string | AddressInfo | null): string {
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${shown}:${port}`;
}
