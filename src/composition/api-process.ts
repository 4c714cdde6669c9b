import path from 'node:path';
import { databaseConfig } from '../config/database.js';
import { DEVELOPMENT_ADMIN, mediaDirectory, type Environment } from '../config/environment.js';
import { messageOf } from '../errors/app-error.js';
import type { UnitOfWork } from '../domain/repositories.js';
import { availableDetectors } from '../servoing/features/detectors/registry.js';
import type { Logger } from '../logging/logger.js';
import { locateFfmpeg } from '../media/ffmpeg-locate.js';
import { ImageIntakeProcess } from '../engines/image-intake/image-intake-process.js';
import { lazyHandler } from '../middlewares/lazy-handler.js';
import { PostgresJobControl, type JobControl } from '../queue/job-control.js';
import { PostgresEventSource } from '../realtime/postgres-event-source.js';
import { JobPlanner } from '../services/job-planner.js';
import { JobService } from '../services/job.service.js';
import { OrphanedJobs } from '../services/orphaned-jobs.service.js';
import { ResultService } from '../services/result.service.js';
import { loadKeyRing, writeKeyPair } from '../services/token-keys.js';
import { DiskBlobStore } from '../storage/disk-blob-store.js';
import { DiskSpaceGuard, jobReserve, uploadReserve } from '../storage/disk-space.js';
import { probeWrite } from '../storage/folders.js';
import { TempFolders } from '../storage/temp-folders.js';
import { TaskRegistry, tasksWith } from '../tasks/registry.js';
import { createApiServer, type ApiServer } from './api.js';
import { boardJobsOf } from './board-jobs.js';
import { DatabaseWatch } from './database-watch.js';
import type { UploadPlaces } from './api-deps.js';
import { createFramePictures } from './frame-pictures.js';
import { createMediaInspector } from './media-inspector.js';
import { createPersistence, type Persistence } from './persistence.js';
import { QUEUE_BOARD_PATH } from '../domain/api-paths.js';
import { createNetworks } from './networks.js';
import { openQueue } from './queue.js';
import type { QueueParts } from './queue-parts.js';
import { checkNetworks, readinessProbes } from './readiness.js';

/** All parts of an api process; the server does not listen yet. */
export interface ApiProcess {
  readonly server: ApiServer;
  readonly persistence: Persistence;
  readonly queue: QueueParts;
}

const QUEUE_CONNECTIONS = 4;

/**
 * Wires an api process: keys and the first admin are made when they are missing. The database must answer already.
 * @param signal ends a start that waits for Redis
 */
export async function createApiProcess(
  environment: Environment,
  log: Logger,
  signal?: AbortSignal,
): Promise<ApiProcess> {
  const config = databaseConfig(environment, 'infernode-api');
  const queue = await openQueue(environment, {
    applicationName: 'infernode-api-queue',
    poolMax: QUEUE_CONNECTIONS,
    log,
    signal,
  });
  const persistence = createPersistence(config, queue.queue, {
    onEffectError: (error) => log.warn('An effect after a commit failed.', { err: error }),
    watch: new DatabaseWatch({
      url: config.url,
      onChange: (answers) =>
        log.warn(answers ? 'The database answers again.' : 'The database does not answer.'),
    }),
  });
  await warnOfNetworks(environment, log);
  const { unitOfWork } = persistence;
  const control = new PostgresJobControl(queue.pool, (error) =>
    log.warn('A control message could not be sent.', { err: error }),
  );
  const server = createApiServer({
    settings: environment,
    unitOfWork,
    jobs: await createJobs(environment, unitOfWork, control),
    orphanedJobs: new OrphanedJobs(unitOfWork, control),
    results: new ResultService(unitOfWork),
    keys: await ensureKeys(environment, log),
    uploads: await createUploads(environment),
    networks: createNetworks(environment, log.child({ component: 'networks' })),
    eventSource: new PostgresEventSource(
      { connectionString: config.url },
      log.child({ component: 'events' }),
    ),
    queueBoard: lazyHandler(async () => {
      const { createQueueBoard } = await import('../queue/queue-board.js');
      const findJobs = boardJobsOf(unitOfWork);
      return createQueueBoard([await queue.openBoardQueue()], QUEUE_BOARD_PATH, { findJobs });
    }),
    probes: readinessProbes({ environment, persistence, queue: queue.queue }),
    logger: log,
  });
  await ensureAdmin(environment, server, log);
  return { server, persistence, queue };
}

async function warnOfNetworks({ MODELS_DIR }: Environment, log: Logger): Promise<void> {
  await checkNetworks(MODELS_DIR).catch((error: unknown) =>
    log.warn(`Jobs cannot run and /readyz answers 503: ${messageOf(error)}`),
  );
}

async function ensureKeys(environment: Environment, log: Logger) {
  const paths = {
    privateKeyPath: environment.JWT_PRIVATE_KEY_PATH,
    publicKeyPath: environment.JWT_PUBLIC_KEY_PATH,
  };
  const made = await writeKeyPair(paths, { overwrite: false });
  if (made) log.info('Made a new key pair for tokens.');
  return loadKeyRing(paths);
}

/** Jobs may go below the reserve of uploads, so that what was uploaded can still be worked on. */
async function createJobs(
  environment: Environment,
  unitOfWork: UnitOfWork,
  control: JobControl,
): Promise<JobService> {
  const { share, bytes } = jobReserve(environment.DISK_RESERVE_MB);
  const disk = new DiskSpaceGuard(mediaDirectory(environment), { share, bytes });
  const detectors = await availableDetectors(environment.MODELS_DIR);
  const planner = new JobPlanner(new TaskRegistry(tasksWith(detectors)));
  return new JobService(unitOfWork, planner, control, {
    requireSpace: () => disk.assertRoomFor(),
    maxWaitingPerUser: environment.MAX_WAITING_JOBS_PER_USER,
  });
}

async function createUploads(environment: Environment): Promise<UploadPlaces> {
  const media = mediaDirectory(environment);
  const temporary = new TempFolders(path.join(environment.DATA_DIR, 'tmp'));
  await temporary.sweep();
  const { FFMPEG_PATH: ffmpegPath, FFPROBE_PATH: ffprobePath, DISK_RESERVE_MB: bytes } = environment;
  const disk = new DiskSpaceGuard(media, uploadReserve(bytes));
  const tools = await locateFfmpeg({ ffmpegPath, ffprobePath });
  return {
    inspector: createMediaInspector({
      tools,
      limits: environment,
      pictures: new ImageIntakeProcess(),
      requireSpace: async (needed) => {
        await disk.assertRoomFor(needed);
        await probeWrite(media);
      },
    }),
    store: new DiskBlobStore(media),
    frames: createFramePictures(tools, temporary),
    tempFolders: temporary,
  };
}

/** The configured admin; in development one with a random password that is shown this once and never logged. */
async function ensureAdmin(environment: Environment, server: ApiServer, log: Logger) {
  const { ADMIN_EMAIL, ADMIN_PASSWORD, ADMIN_NAME, ADMIN_SURNAME, NODE_ENV } = environment;
  if (!ADMIN_EMAIL && NODE_ENV === 'production') {
    log.warn('There is no ADMIN_EMAIL: nobody is made admin.');
    return;
  }
  const admin = await server.admins.bootstrap({
    email: ADMIN_EMAIL ?? DEVELOPMENT_ADMIN,
    password: ADMIN_PASSWORD,
    name: ADMIN_NAME,
    surname: ADMIN_SURNAME,
  });
  if (admin.passwordIgnored) {
    log.warn(
      `ADMIN_PASSWORD is ignored: the account ${admin.email} exists and keeps its password. ` +
        `Change it with: npm run admin -- reset-password ${admin.email}`,
    );
  }
  if (admin.generatedPassword === null) {
    log.info(`Admin: ${admin.email}; forgotten password: npm run admin -- reset-password ${admin.email}`);
    return;
  }
  process.stderr.write(`Admin ${admin.email} with password ${admin.generatedPassword} (shown only now)\n`);
}
