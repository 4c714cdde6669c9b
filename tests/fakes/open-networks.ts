import type { NetworkRightRepository } from '../../src/domain/repositories/network-right.repository.js';

/** No network is restricted. */
export const openNetworks: NetworkRightRepository = {
  restricted: async () => [],
  granted: async () => [],
  find: async () => null,
  page: async () => ({ rows: [], total: 0 }),
  restrict: async () => undefined,
  open: async () => undefined,
};
