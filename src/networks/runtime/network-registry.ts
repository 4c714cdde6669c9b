import { LRUCache } from 'lru-cache';
import type { DeviceReport, DeviceUsed, NetworkIdentity } from '../../domain/job.js';
import { AppError } from '../../errors/app-error.js';
import { DeviceProber } from './device-probe/device-prober.js';
import { chooseDevice, type DeviceAttempt, type DevicePreference } from './device.js';
import { networkIdentity, networkNotFound, type NetworkManifest } from '../store/manifest.js';
import { ModelsFolder, type NetworkListing } from '../store/models-folder.js';
import { loadNetwork, type LoadedNetwork, type NetworkSessions } from './network-loader.js';
import { openOnnxSession, type SessionOpener } from './onnx-session.js';
import type { TensorSession } from './tensor-session.js';

/** Settings of {@link NetworkRegistry}. */
export interface NetworkRegistryOptions {
  /** The models folder: one folder per network, with its manifest. */
  readonly folder: string;
  /** Networks out of use are kept while all in memory fit into this, counted by file size. 512 MiB unless given. */
  readonly memoryBudgetBytes?: number;
  /** Threads inside one operator on the CPU; 1 unless given. */
  readonly threads?: number;
  readonly open?: SessionOpener;
  readonly prober?: Pick<DeviceProber, 'verdict'>;
}

/** Which network, on what. */
export interface AcquireRequest {
  readonly id: string;
  /** Names of the manifest's files to open. */
  readonly files: readonly string[];
  readonly preference: DevicePreference;
  /** Runs every session once on small inputs; must not keep the sessions. */
  readonly warmUp?: (sessions: NetworkSessions) => Promise<void>;
}

/** A network in use. Give it back by `release`; until then it stays in memory whatever the budget says. */
export interface NetworkLease {
  readonly manifest: NetworkManifest;
  readonly identity: NetworkIdentity;
  readonly device: DeviceReport;
  /** @throws AppError `NETWORK_NOT_FOUND` for a file that was not asked for */
  session(file: string): TensorSession;
  /** Safe to call twice. */
  release(): void;
}

/** One network on one device; `leases` counts its users. */
interface Entry {
  readonly key: string;
  readonly loading: Promise<LoadedNetwork>;
  loaded: LoadedNetwork | null;
  leases: number;
}

const DEFAULT_BUDGET = 512 * 1024 * 1024;

/**
 * Networks of the models folder, loaded when first asked for: one load per network and device however many ask at once,
 * kept afterwards while the memory budget allows (least recently used go first, networks in use never).
 */
export class NetworkRegistry {
  readonly #options: NetworkRegistryOptions;
  readonly #folder: ModelsFolder;
  readonly #budget: number;
  readonly #open: SessionOpener;
  readonly #prober: Pick<DeviceProber, 'verdict'>;
  readonly #inUse = new Map<string, Entry>();
  readonly #idle: LRUCache<string, Entry>;
  readonly #closing = new Set<Promise<void>>();
  #closed = false;

  constructor(options: NetworkRegistryOptions) {
    this.#options = options;
    this.#folder = new ModelsFolder(options.folder);
    this.#budget = options.memoryBudgetBytes ?? DEFAULT_BUDGET;
    this.#open = options.open ?? openOnnxSession;
    this.#prober = options.prober ?? new DeviceProber();
    this.#idle = new LRUCache({
      maxSize: Math.max(1, this.#budget),
      sizeCalculation: (entry) => Math.max(1, entry.loaded?.bytes ?? 1),
      // 'delete' is a network going back into use; only evicted ones are done with.
      dispose: (entry, _key, reason) => {
        if (reason === 'evict') this.#discard(entry);
      },
    });
  }

  /** Manifests of all installed networks, sorted by id; nothing is loaded. */
  list(): Promise<NetworkListing> {
    return this.#folder.manifests();
  }

  /** @throws AppError `NETWORK_NOT_FOUND`, `NETWORK_MANIFEST_INVALID` */
  async manifest(id: string): Promise<NetworkManifest> {
    return this.#folder.manifest(id);
  }

  /** Folder of a network, whether it is there or not. @throws AppError `NETWORK_NOT_FOUND` for what is no network's id */
  folderOf(id: string): string {
    return this.#folder.folderOf(id);
  }

  /**
   * The network on the best device that the preference allows, loaded if need be.
   * @throws AppError of `manifest`, `NETWORK_DIGEST_MISMATCH`, `MODEL_INVALID`, `MODEL_MISMATCH`, and
   * `DEVICE_NOT_AVAILABLE` (all final or an operator's business)
   */
  async acquire(request: AcquireRequest): Promise<NetworkLease> {
    const manifest = await this.manifest(request.id);
    const { value, report } = await chooseDevice(request.preference, (device) =>
      this.#try(request, manifest, device),
    );
    return this.#lease(value, manifest, report);
  }

  /** Frees every network out of use, and those in use as soon as they are given back. Nothing can be acquired afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#idle.pop() !== undefined);
    await Promise.all(this.#closing);
  }

  async #try(
    request: AcquireRequest,
    manifest: NetworkManifest,
    device: DeviceUsed,
  ): Promise<DeviceAttempt<Entry>> {
    const verdict = await this.#prober.verdict(device);
    if (!verdict.ok) {
      throw new AppError('DEVICE_REFUSED', { message: verdict.reason, details: { device } });
    }
    const entry = this.#use(request, manifest, device);
    try {
      const loaded = await entry.loading;
      entry.loaded = loaded;
      this.#trim();
      return { value: entry, reason: loaded.evidence };
    } catch (error) {
      entry.leases -= 1;
      if (this.#inUse.get(entry.key) === entry) this.#inUse.delete(entry.key);
      throw error;
    }
  }

  /** The entry of a network and device with one more user; all of it without awaiting, so that no load starts twice. */
  #use(request: AcquireRequest, manifest: NetworkManifest, device: DeviceUsed): Entry {
    if (this.#closed) {
      throw new AppError('SHUTTING_DOWN', { message: 'The networks are being closed.' });
    }
    const files = [...new Set(request.files)].sort();
    const key = [manifest.id, networkIdentity(manifest).sha256, device, ...files].join(' ');
    const known = this.#inUse.get(key) ?? this.#idle.get(key);
    const entry = known ?? {
      key,
      loading: this.#load(request, manifest, device, files),
      loaded: null,
      leases: 0,
    };
    entry.leases += 1;
    this.#idle.delete(key);
    this.#inUse.set(key, entry);
    return entry;
  }

  #load(
    request: AcquireRequest,
    manifest: NetworkManifest,
    device: DeviceUsed,
    files: readonly string[],
  ): Promise<LoadedNetwork> {
    return loadNetwork(this.#open, {
      folder: this.folderOf(manifest.id),
      manifest,
      files,
      device,
      threads: this.#options.threads ?? 1,
      warmUp: request.warmUp,
    });
  }

  #lease(entry: Entry, manifest: NetworkManifest, device: DeviceReport): NetworkLease {
    let held = true;
    return {
      manifest,
      device,
      identity: networkIdentity(manifest),
      session: (file) => {
        const session = entry.loaded?.sessions.get(file);
        if (session === undefined) throw networkNotFound(`${manifest.id}/${file}`);
        return session;
      },
      release: () => {
        if (held) this.#giveBack(entry);
        held = false;
      },
    };
  }

  #giveBack(entry: Entry): void {
    entry.leases -= 1;
    if (entry.leases > 0) return;
    this.#inUse.delete(entry.key);
    if (this.#closed || (entry.loaded?.bytes ?? 0) > this.#budget) {
      this.#discard(entry);
      return;
    }
    this.#idle.set(entry.key, entry);
    this.#trim();
  }

  /** Drops idle networks, least recently used first, until all in memory fit the budget. */
  #trim(): void {
    const used = [...this.#inUse.values()].reduce((sum, { loaded }) => sum + (loaded?.bytes ?? 0), 0);
    while (this.#idle.size > 0 && used + this.#idle.calculatedSize > this.#budget) this.#idle.pop();
  }

  #discard(entry: Entry): void {
    if (entry.loaded === null) return;
    // A failure to free memory must not fail the request that made the registry unload the network.
    const done = entry.loaded
      .close()
      .catch(() => undefined)
      .finally(() => this.#closing.delete(done));
    this.#closing.add(done);
  }
}
