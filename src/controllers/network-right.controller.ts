import { isoOrNull } from '../domain/iso-time.js';
import type { RestrictedNetwork } from '../domain/repositories/network-right.repository.js';
import type { Call } from '../middlewares/endpoint.js';
import { ok, type Reply } from '../middlewares/reply.js';
import type { networkRightOperations } from '../schemas/network-right.schema.js';
import type { NetworkRightsAdmin } from '../services/network-rights.service.js';
import { pageFactsOf, sliceOf } from './page.presenter.js';

type Operations = typeof networkRightOperations;

const present = (id: string, network: RestrictedNetwork | null) => ({
  id,
  restricted: network !== null,
  userIds: network?.userIds ?? [],
  updatedAt: isoOrNull(network?.updatedAt ?? null),
});

/** HTTP handlers of rights to networks. */
export class NetworkRightController {
  readonly #rights: NetworkRightsAdmin;

  constructor(rights: NetworkRightsAdmin) {
    this.#rights = rights;
  }

  readonly list = async ({ query }: Call<Operations['list']>): Promise<Reply> => {
    const { rows, total } = await this.#rights.list(sliceOf(query));
    return ok({ data: rows.map((network) => present(network.id, network)), ...pageFactsOf(query, total) });
  };

  readonly get = async ({ params }: Call<Operations['get']>): Promise<Reply> =>
    ok(present(params.id, await this.#rights.find(params.id)));

  readonly set = async ({ params, body }: Call<Operations['set']>): Promise<Reply> =>
    ok(present(params.id, await this.#rights.set(params.id, body.restricted ? body.userIds : null)));
}
