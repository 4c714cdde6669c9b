import type { ResultMediaRepository } from '../../src/domain/repositories/result-media.repository.js';

/** Results without images and videos. */
export const noResultMedia: ResultMediaRepository = {
  add: async () => undefined,
  after: async () => [],
  find: async () => null,
  withContent: async () => [],
};
