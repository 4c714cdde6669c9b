import type { MediaRepository } from '../../src/domain/repositories/media.repository.js';
import { notFound } from '../../src/errors/common-errors.js';

/** Lists of media are a matter of SQL. */
export const noMedia: MediaRepository = {
  requireOwned: async (id) => {
    throw notFound('Media', id);
  },
  page: async () => ({ rows: [], nextCursor: null }),
};
