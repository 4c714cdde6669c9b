import { randomUUID } from 'node:crypto';
import { databaseConfig } from '../config/database.js';
import { DEVELOPMENT_ADMIN } from '../config/environment.js';
import type { Settings } from '../config/settings.js';
import { messageOf } from '../errors/app-error.js';
import { SAFE_KEY_LENGTH } from '../domain/api-key.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import { presenceName } from '../domain/servo-session.js';
import { availableDetectors } from '../servoing/features/detectors/registry.js';
import type { Logger } from '../logging/logger.js';
import { locateFfmpeg } from '../media/ffmpeg-locate.js';
import { ImageIntakeProcess } from '../engines/image-intake/image-intake-process.js';
import { lazyHandler } from '../middlewares/lazy-handler.js';
import { PostgresJobControl, type JobControl } from '../queue/job-control.js';
import { PostgresUploadLocks } from '../queue/upload-locks.js';
import { listenToJobEngines } from './job-engine-reports.js';
import { CredentialChanges, listenToCredentials } from '../realtime/credential-changes.js';
import { PostgresEventSource } from '../realtime/postgres-event-source.js';
import { JobEngineNetworks } from '../services/job-engine-networks.js';
import { JobPlanner } from '../services/job-planner.js';
import { JobService } from '../services/job.service.js';
import { OrphanedJobs } from '../services/orphaned-jobs.service.js';
import { ResultService } from '../services/result.service.js';
import { loadKeyRing, writeKeyPair } from '../services/token-keys.js';
import { jobReserve, uploadReserve } from '../storage/disk-space.js';
import { TempFolders } from '../storage/temp-folders.js';
import { TaskRegistry, tasksWith } from '../tasks/registry.js';
import { createApiServer, type ApiServer } from './api.js';
import { boardJobsOf } from './board-jobs.js';
import { DatabaseWatch } from './database-watch.js';
import type { IncomingParts, ServoParts, UploadPlaces } from './api-deps.js';
import { incomingParts } from './api-uploads.js';
import { createFrameImages } from './frame-images.js';
import { createMediaInspector } from './media-inspector.js';
import { createPersistence, type Persistence } from './persistence.js';
import { QUEUE_BOARD_PATH } from '../domain/api-paths.js';
import { createNetworks } from './networks.js';
import { Periodic } from '../workers/periodic.js';
import { countTask } from './count-task.js';
import { openStorage, type Storage } from './storage.js';
import { temporaryFolder } from './storage-backend.js';
import { createServoEngines } from './servo-engines.js';
import { openQueue } from './queue.js';
import { createSocketAdapter } from './socket-adapter.js';
import type { QueueParts } from './queue-parts.js';
import { checkNetworks, readinessProbes } from './readiness.js';

/** All parts of an api process; the server is not listening yet. */
export interface ApiProcess {
  readonly server: ApiServer;
  readonly persistence: Persistence;
  readonly queue: QueueParts;
  /** Records the counts of this process. */
  readonly counts: Periodic;
}

const QUEUE_CONNECTIONS = 4;

/**
 * Wires an api process; signing keys and the initial admin are created if missing. The database must already
 * respond.
 * @param signal stops the start while it waits for Redis
 */
export async function createApiProcess(
  settings: Settings,
  log: Logger,
  signal?: AbortSignal,
): Promise<ApiProcess> {
  const config = databaseConfig(settings, 'infernode-api');
  const queue = await openQueue(settings, {
    applicationName: 'infernode-api-queue',
    poolMax: QUEUE_CONNECTIONS,
    log,
    signal,
  });
  const persistence = createPersistence(config, queue.queue, {
    onEffectError: (error) => log.warn('An after-commit effect failed.', { err: error }),
    watch: watchDatabase(config.url, log),
  });
  await warnOfNetworks(settings, log);
  const { unitOfWork } = persistence;
  const control = createJobControl(queue, log);
  const storage = await openStorage(settings, { log, signal });
  const servo = await createServoParts(settings, storage, log);
  const keys = await ensureKeys(settings, log);
  const server = createApiServer({
    settings,
    unitOfWork,
    jobs: await createJobs(settings, { unitOfWork, control, storage }),
    orphanedJobs: new OrphanedJobs(unitOfWork, control),
    results: new ResultService(unitOfWork),
    keys,
    uploads: await createUploads(settings, storage),
    incoming: createIncoming(storage, { url: config.url, linkKey: keys.linkKey }, log),
    networks: createNetworks(settings, log.child({ component: 'networks' })),
    servo,
    ...(await createEvents(settings, { url: config.url, instanceId: servo.instanceId }, log)),
    rateCounts: queue.rateCounts ?? undefined,
    queueBoard: lazyHandler(async () => {
      const { createQueueBoard } = await import('../queue/queue-board.js');
      const findJobs = boardJobsOf(unitOfWork);
      return createQueueBoard([await queue.openBoardQueue()], QUEUE_BOARD_PATH, { findJobs });
    }),
    probes: readinessProbes({ settings, persistence, queue: queue.queue, storage }),
    logger: log,
  });
  await ensureAdmin(settings, server, log);
  await warnOfConfiguredKeys(settings, server, log);
  return { server, persistence, queue, counts: new Periodic(countTask(storage, unitOfWork), log) };
}

const watchDatabase = (url: string, log: Logger): DatabaseWatch =>
  new DatabaseWatch({
    url,
    onChange: (answers) =>
      log.warn(answers ? 'The database responds again.' : 'The database does not respond.'),
  });

const createJobControl = ({ pool }: QueueParts, log: Logger): JobControl =>
  new PostgresJobControl(pool, (error) => log.warn('A control message could not be sent.', { err: error }));

/**
 * Creates the receivers of job events, reports of job engines and changes of credentials, over one connection, and the
 * distribution of remote-control events.
 */
async function createEvents(
  settings: Settings,
  { url, instanceId }: { readonly url: string; readonly instanceId: string },
  log: Logger,
) {
  const jobEngineNetworks = new JobEngineNetworks();
  const credentialChanges = new CredentialChanges();
  const others = {
    ...listenToJobEngines(jobEngineNetworks),
    ...listenToCredentials(credentialChanges),
  };
  const events = log.child({ component: 'events' });
  const connection = { connectionString: url, application_name: presenceName(instanceId) };
  return {
    jobEngineNetworks,
    credentialChanges,
    eventSource: new PostgresEventSource(connection, events, others),
    socketAdapter: await createSocketAdapter(settings, url, log.child({ component: 'remote-control' })),
  };
}

/** Keys of unknown users are rejected until such a user exists, which may register later. */
async function warnOfConfiguredKeys({ accounts }: Settings, server: ApiServer, log: Logger): Promise<void> {
  for (const user of await server.environmentKeys.unknownUsers())
    log.warn(`API_KEYS: the user ${user} does not exist; requests with its key get 401 until it does.`);
  const short = accounts.configuredKeys.filter(({ apiKey }) => apiKey.length < SAFE_KEY_LENGTH).length;
  if (short > 0)
    log.warn(`API_KEYS: ${short} keys have fewer than ${SAFE_KEY_LENGTH} characters and can be guessed.`);
}

async function warnOfNetworks({ folders }: Settings, log: Logger): Promise<void> {
  await checkNetworks(folders.models).catch((error: unknown) =>
    log.warn(`Jobs cannot run and /readyz returns 503: ${messageOf(error)}`),
  );
}

async function ensureKeys(settings: Settings, log: Logger) {
  const paths = {
    privateKeyPath: settings.token.privateKeyPath,
    publicKeyPath: settings.token.publicKeyPath,
  };
  const made = await writeKeyPair(paths, { overwrite: false });
  if (made) log.info('Created a new key pair for tokens.');
  return loadKeyRing(paths);
}

/** Jobs may use the disk space reserved from uploads, so that uploaded data can still be processed. */
async function createJobs(
  settings: Settings,
  {
    unitOfWork,
    control,
    storage,
  }: { readonly unitOfWork: UnitOfWork; readonly control: JobControl; readonly storage: Storage },
): Promise<JobService> {
  const disk = storage.diskGuard(jobReserve(settings.diskReserveBytes));
  const detectors = await availableDetectors(settings.folders.models);
  const planner = new JobPlanner(new TaskRegistry(tasksWith(detectors)));
  return new JobService(
    { unitOfWork, planner, control },
    {
      requireSpace: () => disk.assertRoomFor(),
      maxWaitingPerUser: settings.quota.waitingJobs,
    },
  );
}

/** Sessions may go below the reserve of uploads as jobs do. */
async function createServoParts(settings: Settings, storage: Storage, log: Logger): Promise<ServoParts> {
  const disk = storage.diskGuard(jobReserve(settings.diskReserveBytes));
  const servoLog = log.child({ component: 'servo' });
  const notWritten = (error: unknown, sessionId: string): void =>
    servoLog.warn('A recording cannot be written; the session goes on without it.', {
      err: error,
      sessionId,
    });
  return {
    instanceId: randomUUID(),
    engines: createServoEngines(settings, servoLog),
    recordings: storage.recordings(notWritten),
    detectors: await availableDetectors(settings.folders.models),
    requireSpace: () => disk.assertRoomFor(),
  };
}

async function createUploads(settings: Settings, storage: Storage): Promise<UploadPlaces> {
  const temporary = new TempFolders(temporaryFolder(settings));
  await temporary.sweep();
  const disk = storage.diskGuard(uploadReserve(settings.diskReserveBytes));
  const tools = await locateFfmpeg(settings.ffmpeg);
  return {
    inspector: createMediaInspector({
      tools,
      limits: settings.upload,
      images: new ImageIntakeProcess(),
      requireSpace: async (needed) => {
        await disk.assertRoomFor(needed);
        await storage.ping();
      },
    }),
    store: storage.blobs,
    frames: createFrameImages(tools, temporary),
    tempFolders: temporary,
  };
}

/** Stores and locks of uploads in several requests. */
function createIncoming(
  storage: Storage,
  { url, linkKey }: { readonly url: string; readonly linkKey: Buffer },
  log: Logger,
): IncomingParts {
  const connection = { connectionString: url, application_name: 'infernode-api-uploads' };
  const locks = new PostgresUploadLocks(connection, (err) =>
    log.warn('The connection that holds the locks of uploads failed.', { err }),
  );
  return { ...incomingParts(storage, linkKey), locks };
}

/**
 * Creates the configured admin; in development one with a random password, which is printed once and never
 * logged.
 */
async function ensureAdmin(settings: Settings, server: ApiServer, log: Logger) {
  const configured = settings.accounts.admin;
  if (!configured.email && settings.mode === 'production') {
    log.warn('ADMIN_EMAIL is not set: no admin account is created.');
    return;
  }
  const admin = await server.admins.bootstrap({
    ...configured,
    email: configured.email ?? DEVELOPMENT_ADMIN,
  });
  if (admin.passwordIgnored) {
    log.warn(
      `ADMIN_PASSWORD is ignored: the account ${admin.email} already exists and keeps its password. ` +
        `Change it with: npm run admin -- reset-password ${admin.email}`,
    );
  }
  if (admin.generatedPassword === null) {
    log.info(`Admin: ${admin.email}; forgotten password: npm run admin -- reset-password ${admin.email}`);
    return;
  }
  process.stderr.write(`Admin ${admin.email} with password ${admin.generatedPassword} (shown only now)\n`);
}
