import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { RequestHandler } from 'express';
import { createApiServer, type ApiServer } from '../../src/composition/api.js';
import type { UploadPlaces } from '../../src/composition/api-deps.js';
import { incomingParts } from '../../src/composition/api-uploads.js';
import { createFrameImages } from '../../src/composition/frame-images.js';
import { listenToJobEngines } from '../../src/composition/job-engine-reports.js';
import { createMediaInspector } from '../../src/composition/media-inspector.js';
import { createNetworks, type NetworkParts } from '../../src/composition/networks.js';
import { createSocketAdapter } from '../../src/composition/socket-adapter.js';
import { parseSettings, type Settings } from '../../src/config/settings.js';
import { presenceName } from '../../src/domain/servo-session.js';
import type { ServoEngines } from '../../src/domain/servo.js';
import type { Role, User } from '../../src/domain/user.js';
import { silentLogger } from '../../src/logging/logger.js';
import { ImageIntakeProcess } from '../../src/engines/image-intake/image-intake-process.js';
import { CredentialChanges, listenToCredentials } from '../../src/realtime/credential-changes.js';
import { PostgresUploadLocks } from '../../src/queue/upload-locks.js';
import { PostgresEventSource } from '../../src/realtime/postgres-event-source.js';
import { JobEngineNetworks } from '../../src/services/job-engine-networks.js';
import { JobPlanner } from '../../src/services/job-planner.js';
import { JobService } from '../../src/services/job.service.js';
import { OrphanedJobs } from '../../src/services/orphaned-jobs.service.js';
import { ResultService } from '../../src/services/result.service.js';
import { loadKeyRing, type KeyRing } from '../../src/services/token-keys.js';
import { TokenService } from '../../src/services/token.service.js';
import { TempFolders } from '../../src/storage/temp-folders.js';
import { TASKS } from '../../src/tasks/index.js';
import { TaskRegistry } from '../../src/tasks/registry.js';
import { FakeServoEngines } from '../fakes/fake-servo-engines.js';
import { ApiClient } from './api-client.js';
import { sharedKeys, type TestDatabase } from './database.js';
import { openRealPersistence, type RealPersistence } from './open-persistence.js';
import { ffmpegTools } from './ffmpeg-tools.js';
import { openTestStorage, type TestStorage } from './test-storage.js';

/** The whole API on a real PostgreSQL and a free port of loopback. */
export interface TestApi {
  readonly url: string;
  /** Temp folder of this API; stands for the data folder. */
  readonly folder: string;
  readonly api: ApiServer;
  readonly persistence: RealPersistence;
  readonly keys: KeyRing;
  readonly tokens: TokenService;
  /** Jobs whose cancellation was announced to workers. */
  readonly cancelled: readonly string[];
  /** A client without a token. */
  readonly anonymous: ApiClient;
  /** Registers a user and signs in. */
  user(name: string, role?: Role): Promise<{ user: User; client: ApiClient; token: string }>;
  readonly storage: TestStorage;
  /** Names of everything that is stored. */
  storedFiles(): Promise<string[]>;
  /** Names of temp folders that still exist. */
  tempFolders(): Promise<string[]>;
  close(): Promise<void>;
}

/** Settings as the product has them, but fast, without a rate limit, and for small files. */
function testSettings(overrides: NodeJS.ProcessEnv): Settings {
  return parseSettings({
    BCRYPT_SALT_ROUNDS: '4',
    RATE_LIMIT_PER_MINUTE: '0',
    UPLOAD_MAX_MB: '3',
    ...overrides,
  });
}

async function uploadPlaces(
  folder: string,
  { blobs }: Pick<TestStorage, 'blobs'>,
  overrides: NodeJS.ProcessEnv,
): Promise<UploadPlaces> {
  await mkdir(path.join(folder, 'temp', 'uploads'), { recursive: true });
  const limits = parseSettings({ UPLOAD_MAX_MB: '3', UPLOAD_ZIP_MAX_FILES: '10', ...overrides }).upload;
  const tools = await ffmpegTools();
  const tempFolders = new TempFolders(path.join(folder, 'temp'));
  return {
    inspector: createMediaInspector({
      tools,
      limits,
      images: new ImageIntakeProcess(),
      requireSpace: () => Promise.resolve(),
    }),
    store: blobs,
    frames: createFrameImages(tools, tempFolders),
    tempFolders,
  };
}

/** Engines as the product has them; no process is started before a network is asked for. */
function testNetworks(folder: string, models = path.join(folder, 'models')): NetworkParts {
  const settings = parseSettings({ MODELS_DIR: models, DATA_DIR: folder, INFERENCE_DEVICE: 'cpu' });
  return createNetworks(settings, silentLogger, 0);
}

/** What may be chosen about a {@link TestApi}. */
export interface TestApiOptions {
  /** Variables of the environment. */
  readonly settings?: NodeJS.ProcessEnv;
  readonly queueBoard?: RequestHandler;
  /** Folder of networks; an empty one unless given. */
  readonly modelsDirectory?: string;
  readonly networks?: NetworkParts;
  /** Engines of live servoing; fake ones unless given. */
  readonly servoEngines?: ServoEngines;
  /** Database of another {@link TestApi}, which is closed after this one. */
  readonly database?: TestDatabase;
  /** Storage of another {@link TestApi}, or a storage of the caller, who closes it. */
  readonly storage?: TestStorage;
  readonly countMaxWaitMs?: number;
  /** Sends remote-control events to other APIs of the database. */
  readonly sharesEvents?: boolean;
}

/** Starts the API; everything it needs lives in a temp folder and a database of its own. */
export async function startTestApi(options: TestApiOptions = {}): Promise<TestApi> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-api-'));
  const persistence = await openRealPersistence(undefined, options.database);
  const { unitOfWork } = persistence;
  const keys = await loadKeyRing(await sharedKeys());
  const settings = testSettings(options.settings ?? {});
  const storage = options.storage ?? (await openTestStorage(folder));
  const cancelled: string[] = [];
  const control = { announceCancel: async (jobId: string) => void cancelled.push(jobId) };
  const jobEngineNetworks = new JobEngineNetworks();
  const credentialChanges = new CredentialChanges();
  const instanceId = randomUUID();
  const api = createApiServer({
    settings,
    unitOfWork,
    keys,
    jobs: new JobService(
      { unitOfWork, planner: new JobPlanner(new TaskRegistry(TASKS)), control },
      {
        requireSpace: async () => undefined,
        maxWaitingPerUser: settings.quota.waitingJobs,
      },
    ),
    orphanedJobs: new OrphanedJobs(unitOfWork, control),
    results: new ResultService(unitOfWork),
    uploads: await uploadPlaces(folder, storage, options.settings ?? {}),
    incoming: {
      ...incomingParts(storage, keys.linkKey),
      locks: new PostgresUploadLocks({ connectionString: persistence.database.url }, () => undefined),
    },
    networks: options.networks ?? testNetworks(folder, options.modelsDirectory),
    servo: {
      instanceId,
      engines: options.servoEngines ?? new FakeServoEngines(),
      recordings: storage.recordings(),
      detectors: ['SIFT', 'AKAZE', 'ORB'],
      requireSpace: async () => undefined,
    },
    jobEngineNetworks,
    credentialChanges,
    eventSource: new PostgresEventSource(
      { connectionString: persistence.database.url, application_name: presenceName(instanceId) },
      silentLogger,
      { ...listenToJobEngines(jobEngineNetworks), ...listenToCredentials(credentialChanges) },
    ),
    queueBoard: options.queueBoard ?? ((_request, response) => void response.send('the board')),
    socketAdapter: options.sharesEvents
      ? await createSocketAdapter(settings, persistence.database.url, silentLogger)
      : undefined,
    probes: { database: () => persistence.persistence.ping() },
    logger: silentLogger,
    countMaxWaitMs: options.countMaxWaitMs,
  });
  const url = await api.listen({ host: '127.0.0.1', port: 0 });
  const tokens = new TokenService(keys, {
    issuer: settings.token.issuer,
    audience: settings.token.audience,
    accessSeconds: settings.token.lifetimeSeconds,
  });
  return {
    url,
    folder,
    api,
    storage,
    persistence,
    keys,
    tokens,
    cancelled,
    anonymous: new ApiClient(url),
    user: async (name, role = 'user') => {
      const email = `${name}@example.com`;
      await new ApiClient(url).post('/api/auth/register', { email, password: 'correct horse' });
      const user = await unitOfWork.read.users.findByEmail(email);
      if (!user) throw new Error(`${email} was not registered`);
      if (role === 'admin') await unitOfWork.run(({ users }) => users.setRole(user.id, role));
      const current = (await unitOfWork.read.users.findById(user.id)) ?? user;
      const token = await tokens.issue(current);
      return { user: current, token, client: new ApiClient(url, token) };
    },
    storedFiles: () => storage.names(),
    tempFolders: () => readdir(path.join(folder, 'temp', 'uploads')),
    close: async () => {
      await api.close();
      await persistence.close();
      if (!options.storage) storage.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
