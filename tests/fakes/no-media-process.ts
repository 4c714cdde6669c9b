import type { MediaProcessRepository } from '../../src/domain/repositories/media-process.repository.js';

const unsupported = async (): Promise<never> => {
  throw new Error('Tests of runs over media use PostgreSQL.');
};

/** Runs over media are a matter of SQL. */
export const noMediaProcess: MediaProcessRepository = {
  count: unsupported,
  create: unsupported,
  require: unsupported,
  list: async () => ({ rows: [], nextCursor: null }),
  planNext: async () => false,
  progress: unsupported,
  failures: async () => [],
};
