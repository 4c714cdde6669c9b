import type { ImportRepository } from '../../src/domain/repositories/import.repository.js';

const unexpected = async (): Promise<never> => {
  throw new Error('no import is expected here');
};

/** Imports for tests without any; their claims and locks are a matter of SQL. */
export const noImports: ImportRepository = {
  create: unexpected,
  requireOwned: unexpected,
  list: async () => ({ rows: [], nextCursor: null }),
  countUnfinished: async () => 0,
  lockUnfinished: async () => [],
  lockUnfinishedOf: async () => [],
  claim: async () => null,
  renew: unexpected,
  lockClaimed: async () => null,
  requeue: unexpected,
  complete: unexpected,
  end: unexpected,
  unfinishedOf: async () => new Set(),
};
