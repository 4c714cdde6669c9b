import type { DeviceReport, DeviceUsed, NetworkIdentity } from '../../domain/job.js';
import type { NetworkInMemory } from '../../domain/network.js';
import { AppError } from '../../errors/app-error.js';
import { networkIdentity, networkNotFound, type NetworkManifest } from '../store/manifest.js';
import { ModelsFolder } from '../store/models-folder.js';
import type { CachedNetwork, CacheLease } from './cached-network.js';
import { DeviceProber } from './device-probe/device-prober.js';
import { chooseDevice, type DeviceAttempt, type DevicePreference } from './device.js';
import { NetworkCache } from './network-cache.js';
import { loadNetwork, type LoadedNetwork, type NetworkSessions } from './network-loader.js';
import { openOnnxSession, type SessionOpener } from './onnx-session.js';
import type { TensorSession } from './tensor-session.js';

/** Options of {@link NetworkRegistry}. */
export interface NetworkRegistryOptions {
  /** The models folder: one folder per network, with its manifest. */
  readonly folder: string;
  /**
   * Memory budget in bytes, measured by file size; unused networks stay loaded while all fit. 512 MiB by
   * default.
   */
  readonly memoryBudgetBytes?: number;
  /** Threads per operator on the CPU; 1 by default. */
  readonly threads?: number;
  readonly open?: SessionOpener;
  readonly prober?: Pick<DeviceProber, 'verdict'>;
}

/** The network to acquire, its device and files. */
export interface AcquireRequest {
  readonly id: string;
  /** Names of the manifest's files to open. */
  readonly files: readonly string[];
  readonly preference: DevicePreference;
  /** Runs every session once on small inputs; must not keep the sessions. */
  readonly warmUp?: (sessions: NetworkSessions) => Promise<void>;
}

/** A network that was found elsewhere, such as one of several versions, and how it is opened. */
export interface AcquireSource extends Omit<AcquireRequest, 'id'> {
  /** Folder that the manifest's file paths are relative to. */
  readonly folder: string;
  readonly manifest: NetworkManifest;
  /** Digest of everything that was read to open it: a network of the same version and another build is loaded again. */
  readonly build: string;
  readonly open: SessionOpener;
  /** Threads inside one operator on the CPU. */
  readonly threads: number;
}

/** A network in use. Give it back by `release`; until then it stays in memory whatever the budget says. */
export interface NetworkLease {
  readonly manifest: NetworkManifest;
  readonly identity: NetworkIdentity;
  readonly device: DeviceReport;
  /** @throws AppError `NETWORK_NOT_FOUND` for a file that was not requested */
  session(file: string): TensorSession;
  /** Idempotent. */
  release(): void;
}

const DEFAULT_BUDGET = 512 * 1024 * 1024;

/**
 * Networks of the models folder as sessions of this process, loaded on demand and kept by a
 * {@link NetworkCache}.
 */
export class NetworkRegistry {
  readonly folder: ModelsFolder;
  readonly #options: NetworkRegistryOptions;
  readonly #open: SessionOpener;
  readonly #prober: Pick<DeviceProber, 'verdict'>;
  readonly #cache: NetworkCache<SessionsInMemory>;

  constructor(options: NetworkRegistryOptions) {
    this.#options = options;
    this.folder = new ModelsFolder(options.folder);
    this.#open = options.open ?? openOnnxSession;
    this.#prober = options.prober ?? new DeviceProber();
    this.#cache = new NetworkCache({
      memoryBudgetBytes: options.memoryBudgetBytes ?? DEFAULT_BUDGET,
      whenAllInUse: 'exceed',
    });
  }

  /**
   * The network on the best device that the preference allows, loaded if necessary.
   * @throws AppError `NETWORK_NOT_FOUND`, `NETWORK_MANIFEST_INVALID`, `NETWORK_DIGEST_MISMATCH`,
   *   `MODEL_INVALID`, `MODEL_MISMATCH`, and `DEVICE_NOT_AVAILABLE` (a retry helps with none of them)
   */
  async acquire({ id, ...request }: AcquireRequest): Promise<NetworkLease> {
    const manifest = await this.folder.manifest(id);
    return this.acquireSource({
      ...request,
      folder: this.folder.folderOf(id),
      manifest,
      build: networkIdentity(manifest).sha256,
      open: this.#open,
      threads: this.#options.threads ?? 1,
    });
  }

  /** The same for a network that was found elsewhere. @throws AppError as {@link acquire}, and what its opener throws */
  async acquireSource(source: AcquireSource): Promise<NetworkLease> {
    const { value, report } = await chooseDevice(source.preference, (device) => this.#try(source, device));
    return leaseOf(value, source.manifest, report);
  }

  /** Networks in memory, the most recently used one first. */
  loaded(): readonly NetworkInMemory[] {
    return this.#cache.list().map(({ facts, memoryBytes }) => ({ ...facts, bytes: memoryBytes }));
  }

  /**
   * Closes every unused network, and those in use when they are released. Nothing can be acquired afterwards.
   */
  close(): Promise<void> {
    return this.#cache.close();
  }

  async #try(
    source: AcquireSource,
    device: DeviceUsed,
  ): Promise<DeviceAttempt<CacheLease<SessionsInMemory>>> {
    const verdict = await this.#prober.verdict(device);
    if (!verdict.ok) {
      throw new AppError('DEVICE_REFUSED', { message: verdict.reason, details: { device } });
    }
    const lease = this.#lease(source, device);
    try {
      await lease.opened();
      return { value: lease, reason: lease.handle.evidence };
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  #lease(
    { manifest, build, open, ...source }: AcquireSource,
    device: DeviceUsed,
  ): CacheLease<SessionsInMemory> {
    const { id, version, sha256 } = networkIdentity(manifest);
    const files = [...new Set(source.files)].sort();
    const { folder, threads, warmUp } = source;
    const load = { folder, manifest, files, device, threads, warmUp };
    return this.#cache.acquire({
      id,
      version,
      build,
      variant: [device, threads, ...files].join(' '),
      expectedBytes: files.reduce((sum, name) => sum + (manifest.files[name]?.bytes ?? 0), 0),
      create: () => new SessionsInMemory({ id, version, sha256, device }, () => loadNetwork(open, load)),
    });
  }
}

/** The sessions of one network on one device. */
class SessionsInMemory implements CachedNetwork {
  #loaded: LoadedNetwork | null = null;

  readonly facts: Omit<NetworkInMemory, 'bytes'>;
  readonly #load: () => Promise<LoadedNetwork>;

  constructor(facts: Omit<NetworkInMemory, 'bytes'>, load: () => Promise<LoadedNetwork>) {
    this.facts = facts;
    this.#load = load;
  }

  get memoryBytes(): number {
    return this.#loaded?.bytes ?? 0;
  }

  get evidence(): string {
    return this.#loaded?.evidence ?? '';
  }

  session(file: string): TensorSession | undefined {
    return this.#loaded?.sessions.get(file);
  }

  async open(): Promise<void> {
    this.#loaded = await this.#load();
  }

  async close(): Promise<void> {
    await this.#loaded?.close();
  }
}

const leaseOf = (
  { handle, release }: CacheLease<SessionsInMemory>,
  manifest: NetworkManifest,
  device: DeviceReport,
): NetworkLease => ({
  manifest,
  device,
  identity: networkIdentity(manifest),
  session: (file) => {
    const session = handle.session(file);
    if (session === undefined) throw networkNotFound(`${manifest.id}/${file}`);
    return session;
  },
  release,
});
