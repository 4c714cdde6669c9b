import { QueryTypes, type Sequelize } from 'sequelize';
import type { DatabaseConfig } from '../config/database.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import { createSequelize } from './create-sequelize.js';
import type { JobQueue } from '../queue/job-queue.js';
import { translateDatabaseError } from '../repositories/database-errors.js';
import type { DatabaseWatch } from './database-watch.js';
import { SequelizeUnitOfWork, type UnitOfWorkOptions } from '../repositories/unit-of-work.js';

/** Database access of a process. */
export interface Persistence {
  readonly sequelize: Sequelize;
  readonly unitOfWork: UnitOfWork;
  /** Resolves when the database responds; for readiness checks. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Options of {@link createPersistence}. */
export interface PersistenceOptions extends UnitOfWorkOptions {
  /** Makes callers fail when the server stops responding; started and closed with the persistence. */
  readonly watch?: DatabaseWatch;
}

/** Repositories and transactions on the database of `config`, enqueueing into `queue`. Connects lazily. */
export function createPersistence(
  config: DatabaseConfig,
  queue: JobQueue,
  { watch, ...options }: PersistenceOptions = {},
): Persistence {
  const sequelize = createSequelize(config, watch);
  watch?.start();
  return {
    sequelize,
    unitOfWork: new SequelizeUnitOfWork(sequelize, queue, options),
    ping: async () => {
      try {
        await sequelize.query('SELECT 1', { type: QueryTypes.SELECT });
      } catch (error) {
        throw translateDatabaseError(error);
      }
    },
    close: async () => {
      await watch?.close();
      await sequelize.close();
    },
  };
}
