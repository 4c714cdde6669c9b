import type { Counted, Slice } from '../domain/listing.js';
import type {
  NetworkRightRepository,
  RestrictedNetwork,
} from '../domain/repositories/network-right.repository.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Principal } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';
import { validationFailed } from '../errors/common-errors.js';

/** Who wants to use a network. */
export type NetworkUser = Pick<Principal, 'userId' | 'role'>;

/** The ids of restricted networks are cached for this long; who may use one is always read. */
const FRESH_MS = 1000;

/** Decides who may see and use a network. For everybody else it does not exist. */
export class NetworkRights {
  readonly #rights: NetworkRightRepository;
  readonly #now: () => number;
  #restricted: { readonly ids: Promise<ReadonlySet<string>>; readonly until: number } | undefined;

  constructor(rights: NetworkRightRepository, now: () => number = Date.now) {
    this.#rights = rights;
    this.#now = now;
  }

  /** @throws AppError `NETWORK_NOT_FOUND`, as for a network that is not installed */
  async require(user: NetworkUser, id: string): Promise<void> {
    const [visible] = await this.visible(user, [{ id }], (network) => network.id);
    if (visible !== undefined) return;
    throw new AppError('NETWORK_NOT_FOUND', {
      message: `There is no network ${id} in the models folder.`,
      details: { network: id },
    });
  }

  /** Those of `all` that the user may see. */
  async visible<Item>(
    { userId, role }: NetworkUser,
    all: readonly Item[],
    idOf: (item: Item) => string,
  ): Promise<readonly Item[]> {
    if (role === 'admin') return all;
    const restricted = await this.#restrictedIds();
    const asked = [...new Set(all.map(idOf).filter((id) => restricted.has(id)))];
    if (asked.length === 0) return all;
    const granted = new Set(await this.#rights.granted(userId, asked));
    return all.filter((item) => !restricted.has(idOf(item)) || granted.has(idOf(item)));
  }

  /** Reads the restrictions again; called after a change in this process. */
  refresh(): void {
    this.#restricted = undefined;
  }

  #restrictedIds(): Promise<ReadonlySet<string>> {
    if (this.#restricted !== undefined && this.#now() < this.#restricted.until) return this.#restricted.ids;
    const ids = this.#rights.restricted().then((list) => new Set(list));
    const read = { ids, until: this.#now() + FRESH_MS };
    this.#restricted = read;
    // A failed read is not kept.
    ids.catch(() => {
      if (this.#restricted === read) this.#restricted = undefined;
    });
    return ids;
  }
}

/** Changes rights to networks, for admins. */
export class NetworkRightsAdmin {
  readonly #unitOfWork: UnitOfWork;
  readonly #rights: Pick<NetworkRights, 'refresh'>;

  constructor(unitOfWork: UnitOfWork, rights: Pick<NetworkRights, 'refresh'>) {
    this.#unitOfWork = unitOfWork;
    this.#rights = rights;
  }

  /** All restricted networks, by id. */
  list(slice: Slice): Promise<Counted<RestrictedNetwork>> {
    return this.#unitOfWork.read.networkRights.page(slice);
  }

  /** Null for a network that is open to everybody. */
  find(id: string): Promise<RestrictedNetwork | null> {
    return this.#unitOfWork.read.networkRights.find(id);
  }

  /**
   * Restricts a network to admins and the given users, or opens it to everybody. The network need not be installed yet.
   * @param userIds null for everybody @throws AppError VALIDATION for users that do not exist
   */
  async set(id: string, userIds: readonly string[] | null): Promise<RestrictedNetwork | null> {
    const changed = await this.#unitOfWork.run(async ({ networkRights, users }) => {
      if (userIds === null) {
        await networkRights.open(id);
        return null;
      }
      const found = new Set((await users.findByIds(userIds)).map((user) => user.id));
      const missing = userIds.filter((userId) => !found.has(userId));
      if (missing.length > 0)
        throw validationFailed(
          missing.map((userId) => ({
            pointer: `/userIds/${String(userIds.indexOf(userId))}`,
            message: `there is no user ${userId}`,
            code: 'INVALID',
          })),
        );
      await networkRights.restrict(id, userIds);
      return networkRights.find(id);
    });
    this.#rights.refresh();
    return changed;
  }
}
