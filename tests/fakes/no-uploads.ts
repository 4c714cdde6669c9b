import type { UploadRepository } from '../../src/domain/repositories/upload.repository.js';

const unexpected = async (): Promise<never> => {
  throw new Error('no upload in several requests is expected here');
};

/** Uploads in several requests for tests without any; their rows and locks are a matter of SQL. */
export const noUploads: UploadRepository = {
  create: unexpected,
  findById: async () => null,
  requireOwned: unexpected,
  lock: async () => null,
  group: async () => [],
  list: async () => ({ rows: [], nextCursor: null }),
  countUnfinished: async () => 0,
  keepParts: unexpected,
  markReceived: unexpected,
  complete: unexpected,
  end: unexpected,
  forgetBytes: unexpected,
  findAbandoned: async () => [],
  findLeftovers: async () => [],
  knownIds: async () => new Set(),
  withBytes: async () => new Set(),
  removeEnded: async () => 0,
  tryLockGroup: async () => true,
};
