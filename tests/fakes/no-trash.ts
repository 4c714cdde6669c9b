import type { RetentionRepository, TrashRepository } from '../../src/domain/repositories/trash.repository.js';

const unsupported = async (): Promise<never> => {
  throw new Error('Tests of the trash use PostgreSQL.');
};

/** The trash of users who have deleted nothing. */
export const noTrash: TrashRepository = {
  remove: unsupported,
  list: async () => ({ rows: [], nextCursor: null }),
  find: async () => null,
  restore: unsupported,
  purgeSoon: unsupported,
  purgeAllSoon: async () => 0,
};

/** Nothing is due. */
export const noRetention: RetentionRepository = {
  purgeMedia: async () => 0,
  purgeDatasets: async () => 0,
  purgeJobs: async () => 0,
  purgeResults: async () => 0,
  purgeEvents: async () => 0,
  purgeAudit: async () => 0,
  purgeUsers: async () => 0,
  removedFiles: async () => [],
  postponeFiles: async () => undefined,
  forgetFiles: async () => undefined,
  announceFiles: async () => undefined,
  claimFiles: async () => undefined,
  withdrawFiles: async () => undefined,
  giveUpFiles: async () => 0,
};
