import os from 'node:os';
import { migrateAll } from '../../src/composition/migrate-all.js';
import { createPersistence } from '../../src/composition/persistence.js';
import { configuredDatabaseUrl, databaseConfig } from '../../src/config/database.js';
import type { Settings } from '../../src/config/settings.js';
import type { JobQueue } from '../../src/queue/job-queue.js';
import { AdminAccounts } from '../../src/services/admin-accounts.service.js';
import { AdminService } from '../../src/services/admin.service.js';
import { PasswordHasher } from '../../src/services/auth-password.js';
import { openDatabase } from '../database/open-database.js';

/** The accounts of this installation; must be closed after the command. */
export interface OpenAccounts {
  readonly accounts: AdminAccounts;
  close(): Promise<void>;
}

/** Account operations enqueue nothing. */
const NO_QUEUE: JobQueue = {
  enqueueInTransaction: () => Promise.reject(new Error('the command line starts no jobs')),
  knows: () => Promise.resolve(false),
  known: () => Promise.resolve(new Set<string>()),
  untaken: () => Promise.resolve(0),
  depth: () => Promise.resolve({ waiting: 0, active: 0, delayed: 0 }),
  close: () => Promise.resolve(),
};

/**
 * Opens the database of this installation; starts the embedded one for the duration of the command if it is not
 * running.
 */
export async function openAccounts(settings: Settings): Promise<OpenAccounts> {
  const database = await openDatabase(settings, 'infernode-admin');
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
