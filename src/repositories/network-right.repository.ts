import type { NetworkRightDao } from '../dao/network-right.dao.js';
import type { Counted, Slice } from '../domain/listing.js';
import type {
  NetworkRightRepository,
  RestrictedNetwork,
} from '../domain/repositories/network-right.repository.js';

/** Rights to networks in PostgreSQL. */
export class PostgresNetworkRightRepository implements NetworkRightRepository {
  readonly #rights: NetworkRightDao;

  constructor(rights: NetworkRightDao) {
    this.#rights = rights;
  }

  restricted(): Promise<readonly string[]> {
    return this.#rights.restricted();
  }

  granted(userId: string, networkIds: readonly string[]): Promise<readonly string[]> {
    return this.#rights.granted(userId, networkIds);
  }

  find(networkId: string): Promise<RestrictedNetwork | null> {
    return this.#rights.find(networkId);
  }

  page(slice: Slice): Promise<Counted<RestrictedNetwork>> {
    return this.#rights.page(slice);
  }

  restrict(networkId: string, userIds: readonly string[]): Promise<void> {
    return this.#rights.restrict(networkId, userIds);
  }

  open(networkId: string): Promise<void> {
    return this.#rights.open(networkId);
  }
}
