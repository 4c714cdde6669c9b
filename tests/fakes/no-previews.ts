import type { PreviewRepository } from '../../src/domain/repositories/preview.repository.js';

const unsupported = async (): Promise<never> => {
  throw new Error('Tests of previews use PostgreSQL.');
};

/** Previews of media that have none. */
export const noPreviews: PreviewRepository = {
  dropPendingExcept: async () => undefined,
  due: async () => [],
  markQueued: async () => undefined,
  begin: async () => null,
  uncount: unsupported,
  complete: unsupported,
  fail: unsupported,
  mediaOf: async () => [],
  ofContents: async () => [],
  files: async () => [],
  file: async () => null,
  filesAfter: async () => [],
  markUnused: async () => undefined,
  takeUnused: async () => null,
};
