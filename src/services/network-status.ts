import type {
  EnginesReport,
  InstalledNetwork,
  JobEngineNetwork,
  LoadedNetwork,
  NetworkCatalogue,
  NetworkEngines,
  NetworkRef,
} from '../domain/network.js';
import type { JobEngineNetworks } from './job-engine-networks.js';

/** An installed network with its loaded copies. */
export interface NetworkView {
  readonly installed: InstalledNetwork;
  readonly loaded: LoadedNetwork | null;
  /** Engines of queued jobs that keep it in memory. */
  readonly jobEngines: number;
}

/** What is installed and what of it is in memory, for requests and for jobs: every route that tells asks here. */
export class NetworkStatus {
  readonly #catalogue: NetworkCatalogue;
  readonly #engines: Pick<NetworkEngines, 'loaded' | 'report'>;
  readonly #jobEngines: Pick<JobEngineNetworks, 'list'>;

  constructor(
    catalogue: NetworkCatalogue,
    engines: Pick<NetworkEngines, 'loaded' | 'report'>,
    jobEngines: Pick<JobEngineNetworks, 'list'>,
  ) {
    this.#catalogue = catalogue;
    this.#engines = engines;
    this.#jobEngines = jobEngines;
  }

  /** All versions of all networks; unusable ones carry their problem. */
  async list(): Promise<readonly NetworkView[]> {
    return (await this.#catalogue.list()).map((installed) => this.#view(installed));
  }

  /** All versions of one network. @throws AppError `NETWORK_NOT_FOUND` */
  async versions(id: string): Promise<readonly NetworkView[]> {
    const versions = (await this.#catalogue.list()).filter((installed) => installed.id === id);
    if (versions.length === 0) await this.#catalogue.find({ id });
    return versions.map((installed) => this.#view(installed));
  }

  /**
   * The version that a request uses: the named one, otherwise the newest usable one. @throws AppError of the
   * catalogue
   */
  async find(ref: NetworkRef): Promise<NetworkView> {
    return this.#view((await this.#catalogue.find(ref)).network);
  }

  /** What the engines of queued jobs keep in memory. */
  inJobEngines(): readonly JobEngineNetwork[] {
    return this.#jobEngines.list();
  }

  /** Networks that answer requests of this process, most recently used first. */
  loaded(): readonly LoadedNetwork[] {
    return this.#engines.loaded();
  }

  /** Limits, memory usage and counters of all engines. */
  report(): EnginesReport {
    return this.#engines.report();
  }

  #countEngines(holds: (network: JobEngineNetwork) => boolean): number {
    const holders = this.#jobEngines.list().filter(holds);
    return new Set(holders.map(({ worker, pid }) => `${worker} ${String(pid)}`)).size;
  }

  #view(installed: InstalledNetwork): NetworkView {
    const { id, version } = installed;
    const same = (one: Required<NetworkRef>): boolean => one.id === id && one.version === version;
    return {
      installed,
      loaded: this.#engines.loaded().find(same) ?? null,
      jobEngines: this.#countEngines(same),
    };
  }
}
