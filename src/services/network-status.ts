import type {
  EnginesReport,
  InstalledNetwork,
  LoadedNetwork,
  NetworkCatalogue,
  NetworkEngines,
  NetworkRef,
} from '../domain/network.js';

/** A network on disk with what is in memory of it. */
export interface NetworkView {
  readonly installed: InstalledNetwork;
  readonly loaded: LoadedNetwork | null;
}

/** What is installed and what of it is in memory: every route that tells asks here. */
export class NetworkStatus {
  readonly #catalogue: NetworkCatalogue;
  readonly #engines: Pick<NetworkEngines, 'loaded' | 'report'>;

  constructor(catalogue: NetworkCatalogue, engines: Pick<NetworkEngines, 'loaded' | 'report'>) {
    this.#catalogue = catalogue;
    this.#engines = engines;
  }

  /** Every version of every network, unusable ones with their problem. */
  async list(): Promise<readonly NetworkView[]> {
    return (await this.#catalogue.list()).map((installed) => this.#view(installed));
  }

  /** All versions of one network. @throws AppError `NETWORK_NOT_FOUND` */
  async versions(id: string): Promise<readonly NetworkView[]> {
    const versions = (await this.list()).filter(({ installed }) => installed.id === id);
    if (versions.length === 0) await this.#catalogue.find({ id });
    return versions;
  }

  /** The version that requests get: the newest usable one unless one is named. @throws AppError of the catalogue */
  async find(ref: NetworkRef): Promise<NetworkView> {
    return this.#view((await this.#catalogue.find(ref)).network);
  }

  /** Loaded networks, most recently used first. */
  loaded(): readonly LoadedNetwork[] {
    return this.#engines.loaded();
  }

  /** Limits, memory and counts of all engines. */
  report(): EnginesReport {
    return this.#engines.report();
  }

  #view(installed: InstalledNetwork): NetworkView {
    const { id, version } = installed;
    const loaded = this.#engines.loaded().find((one) => one.id === id && one.version === version);
    return { installed, loaded: loaded ?? null };
  }
}
