import type { TaskName } from '../domain/job.js';
import type {
  InstalledNetwork,
  LoadedNetwork,
  NetworkEngines,
  NetworkLibrary,
  NetworkRef,
  NewNetwork,
} from '../domain/network.js';
import { AppError } from '../errors/app-error.js';
import { invalidField } from '../errors/common-errors.js';
import { valueAt } from '../errors/given-value.js';
import { findTask } from '../tasks/index.js';
import type { NetworkRights, NetworkUser } from './network-rights.service.js';
import { policyNetwork, requireNetwork } from './require-network.js';

/** Request of the compatibility route `preload`. */
export interface PreloadRequest extends NetworkRef {
  /** Path of the network's own file; any other path is rejected. */
  readonly modelPath?: string;
  /** Metadata for a network in the flat layout, which has no manifest. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** Network administration: install, load, unload, remove. */
export class NetworkService {
  readonly #library: NetworkLibrary;
  readonly #engines: Pick<NetworkEngines, 'load' | 'unload' | 'check'>;

  readonly #rights: Pick<NetworkRights, 'require'>;

  constructor(
    library: NetworkLibrary,
    engines: Pick<NetworkEngines, 'load' | 'unload' | 'check'>,
    rights: Pick<NetworkRights, 'require'>,
  ) {
    this.#library = library;
    this.#engines = engines;
    this.#rights = rights;
  }

  /**
   * Rejects a job whose network is missing or made for another task, before credits are held.
   * @throws AppError as {@link requireNetwork} does
   */
  async requireForTask(
    user: NetworkUser,
    { task, parameters }: { task: TaskName; parameters: unknown },
  ): Promise<void> {
    const policy = valueAt(parameters, ['policy']);
    const ownNetwork = typeof policy === 'string' ? policyNetwork(policy) : null;
    if (ownNetwork !== null) await this.#rights.require(user, ownNetwork);
    const access = { catalogue: this.#library, rights: this.#rights };
    for (const required of findTask(task)?.networks ?? []) {
      const ref = required.of(parameters);
      if (ref === null) continue;
      const network = await requireNetwork(access, ref, { ...required, user });
      required.check?.(network, parameters);
    }
  }

  /** Loads a network into memory and warms it up with one run. */
  load(ref: NetworkRef): Promise<LoadedNetwork> {
    return this.#engines.load({ ...ref, force: true });
  }

  /**
   * Loads a file of the models folder by its id, for the compatibility route. Metadata is stored only after
   * the network has passed validation with it; otherwise the network is left unchanged.
   * @throws AppError `MODEL_PATH_FORBIDDEN` (invalid), `METADATA_CONFLICT` (conflict), and the errors of
   *   loading
   */
  async preload(request: PreloadRequest): Promise<LoadedNetwork> {
    const { id, version, modelPath } = request;
    const known = (await this.#library.list()).filter((network) => network.id === id);
    requireOwnFile(id, modelPath, known);
    await this.#describe(request, known);
    return this.load({ id, version });
  }

  /** Unloads a network. False when it was not loaded. */
  unload(ref: NetworkRef): Promise<boolean> {
    return this.#engines.unload(ref);
  }

  /** Installs a network after validating it in a separate process. */
  install(network: NewNetwork): Promise<InstalledNetwork> {
    return this.#library.install(network, async (source) => void (await this.#engines.check(source)));
  }

  /** Removes a network from disk and memory. */
  async remove(ref: NetworkRef): Promise<void> {
    await this.#library.remove(ref);
    await this.#engines.unload(ref);
  }

  /**
   * Applies metadata to a network. A manifest takes precedence: only networks in the flat layout accept
   * metadata from requests.
   */
  async #describe(
    { id, version, metadata }: PreloadRequest,
    known: readonly InstalledNetwork[],
  ): Promise<void> {
    if (metadata === undefined) return;
    const [folder] = known.filter(({ layout }) => layout === 'folder');
    if (!folder) {
      return this.#library.describe(id, metadata, async (source) => {
        requireVersion(version, source.network);
        await this.#engines.check(source);
      });
    }
    const { preprocessing } = metadata;
    if (preprocessing === undefined || preprocessing === folder.preprocessing) return;
    throw new AppError('METADATA_CONFLICT', {
      message: `Network ${id} has a manifest with preprocessing ${String(folder.preprocessing)}, which metadata in a request cannot override.`,
      details: { network: id },
    });
  }
}

/**
 * Metadata contains the version of a flat network. Loading any other version would fail, so a mismatch is
 * rejected first.
 */
function requireVersion(wanted: string | undefined, { id, version }: InstalledNetwork): void {
  if (wanted === undefined || wanted === version) return;
  throw new AppError('METADATA_CONFLICT', {
    message: `version: the metadata describes version ${version} of network ${id}, but version ${wanted} was requested.`,
    details: { network: id, version, wanted },
  });
}

/**
 * Accepts only the network's own file: compatibility clients send `resnet18.onnx` for network resnet18, and
 * no other path may be read.
 */
function requireOwnFile(id: string, modelPath: string | undefined, known: readonly InstalledNetwork[]): void {
  if (modelPath === undefined) return;
  const flat = known.length === 0 || known[0].layout === 'flat';
  const own = flat ? [`${id}.onnx`] : [`${id}.onnx`, `${id}/model.onnx`];
  if (own.includes(modelPath)) return;
  throw invalidField(
    '/model_path',
    'MODEL_PATH_FORBIDDEN',
    `model_path: networks are loaded by id from the models folder; for ${id} it must be ${own.join(' or ')}.`,
  );
}
