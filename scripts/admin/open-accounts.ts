import os from 'node:os';
import { migrateAll } from '../../src/composition/migrate-all.js';
import { createPersistence } from '../../src/composition/persistence.js';
import { waitForDatabase } from '../../src/composition/wait-for-database.js';
import { configuredDatabaseUrl, databaseConfig, embeddedDatabaseUrl } from '../../src/config/database.js';
import type { Settings } from '../../src/config/settings.js';
import { startEmbeddedPostgres } from '../../src/lifecycle/embedded-postgres.js';
import type { JobQueue } from '../../src/queue/job-queue.js';
import { lockFolder } from '../../src/lifecycle/folder-lock.js';
import { AdminAccounts } from '../../src/services/admin-accounts.service.js';
import { AdminService } from '../../src/services/admin.service.js';
import { PasswordHasher } from '../../src/services/auth-password.js';

/** The accounts of this installation; must be closed after the command. */
export interface OpenAccounts {
  readonly accounts: AdminAccounts;
  close(): Promise<void>;
}

const PROBE_MS = 1_000;

/** Account operations enqueue nothing. */
const NO_QUEUE: JobQueue = {
  enqueueInTransaction: () => Promise.reject(new Error('the command line starts no jobs')),
  knows: () => Promise.resolve(false),
  known: () => Promise.resolve(new Set<string>()),
  untaken: () => Promise.resolve(0),
  depth: () => Promise.resolve({ waiting: 0, active: 0, delayed: 0 }),
  close: () => Promise.resolve(),
};

/** Whether the embedded server of a data folder is running and must not be started again. */
async function isRunning(settings: Settings): Promise<boolean> {
  if (embeddedDatabaseUrl(settings.folders.data) === null) return false;
  try {
    await waitForDatabase(databaseConfig(settings, 'infernode-admin'), { timeoutMs: PROBE_MS });
    return true;
  } catch {
    return false;
  }
}

interface ReachableDatabase {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts the embedded server for the duration of the command; the folder is locked meanwhile. */
async function startDatabase({ folders, database }: Settings): Promise<ReachableDatabase> {
  const lock = await lockFolder(folders.data);
  try {
    const postgres = await startEmbeddedPostgres({ dataRoot: folders.data, database: database.name });
    return { url: postgres.url, stop: () => postgres.stop().finally(() => lock.release()) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function openDatabase(settings: Settings): Promise<ReachableDatabase> {
  const url = configuredDatabaseUrl(settings);
  if (url !== null) return { url, stop: () => Promise.resolve() };
  if (await isRunning(settings)) {
    const running = embeddedDatabaseUrl(settings.folders.data);
    if (running !== null) return { url: running, stop: () => Promise.resolve() };
  }
  return startDatabase(settings);
}

/**
 * Opens the database of this installation; starts the embedded one for the duration of the command if it is not
 * running.
 */
export async function openAccounts(settings: Settings): Promise<OpenAccounts> {
  const database = await openDatabase(settings);
  const reachable = { ...settings, database: { ...settings.database, url: database.url } };
  try {
    await migrateAll(reachable, { create: configuredDatabaseUrl(settings) === null });
    const persistence = createPersistence(databaseConfig(reachable, 'infernode-admin'), NO_QUEUE);
    const { unitOfWork } = persistence;
    const passwords = new PasswordHasher(settings.accounts.bcryptRounds);
    const actor = `command line (${os.userInfo().username})`;
    return {
      accounts: new AdminAccounts(
        { unitOfWork, passwords, admins: new AdminService(unitOfWork, passwords) },
        actor,
      ),
      close: async () => {
        await persistence.close();
        await database.stop();
      },
    };
  } catch (error) {
    await database.stop();
    throw error;
  }
}
