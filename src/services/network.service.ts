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
import { findTask } from '../tasks/index.js';
import { requireNetwork } from './require-network.js';

/** Request of the compatibility route `preload`. */
export interface PreloadRequest extends NetworkRef {
  /** The network's own file; a path to anything else is refused. */
  readonly modelPath?: string;
  /** Metadata of the flat layout. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** What administrators do with networks: install, load, unload, remove. */
export class NetworkService {
  readonly #library: NetworkLibrary;
  readonly #engines: Pick<NetworkEngines, 'load' | 'unload' | 'check'>;

  constructor(library: NetworkLibrary, engines: Pick<NetworkEngines, 'load' | 'unload' | 'check'>) {
    this.#library = library;
    this.#engines = engines;
  }

  /**
   * A job whose network is not there, or does something else, fails before anything is held.
   * @throws AppError as {@link requireNetwork} does
   */
  async requireForTask({ task, parameters }: { task: TaskName; parameters: unknown }): Promise<void> {
    for (const required of findTask(task)?.networks ?? []) {
      const ref = required.of(parameters);
      if (ref === null) continue;
      const network = await requireNetwork(this.#library, ref, required);
      required.check?.(network, parameters);
    }
  }

  /** Brings a network into memory; it has run once by then. */
  load(ref: NetworkRef): Promise<LoadedNetwork> {
    return this.#engines.load({ ...ref, force: true });
  }

  /**
   * Loads a file of the models folder by its id, for the compatibility route. Metadata are stored once the network has passed
   * validation with them; refused metadata leave the network unchanged.
   * @throws AppError `MODEL_PATH_FORBIDDEN` (invalid), `METADATA_CONFLICT` (conflict), and what loading throws
   */
  async preload(request: PreloadRequest): Promise<LoadedNetwork> {
    const { id, version, modelPath } = request;
    const known = (await this.#library.list()).filter((network) => network.id === id);
    requireOwnFile(id, modelPath, known);
    await this.#describe(request, known);
    return this.load({ id, version });
  }

  /** Takes a network out of memory. False when it was not there. */
  unload(ref: NetworkRef): Promise<boolean> {
    return this.#engines.unload(ref);
  }

  /** Installs a network after it has passed validation in a separate process. */
  install(network: NewNetwork): Promise<InstalledNetwork> {
    return this.#library.install(network, async (source) => void (await this.#engines.check(source)));
  }

  /** Removes a network from disk and memory. */
  async remove(ref: NetworkRef): Promise<void> {
    await this.#library.remove(ref);
    await this.#engines.unload(ref);
  }

  /** A manifest is the last word on its network; only the flat layout may be described from outside. */
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
      message: `Network ${id} has a manifest that says preprocessing ${String(folder.preprocessing)}; metadata for it is not taken from requests.`,
      details: { network: id },
    });
  }
}

/** Metadata carry the version of a flat network; with another one the load that follows would find nothing. */
function requireVersion(wanted: string | undefined, { id, version }: InstalledNetwork): void {
  if (wanted === undefined || wanted === version) return;
  throw new AppError('METADATA_CONFLICT', {
    message: `With these metadata network ${id} is of version ${version}, asked for is version ${wanted}.`,
    details: { network: id, version, wanted },
  });
}

/** Compatibility clients send `resnet18.onnx` for network resnet18; no other path is allowed. */
function requireOwnFile(id: string, modelPath: string | undefined, known: readonly InstalledNetwork[]): void {
  if (modelPath === undefined) return;
  const flat = known.length === 0 || known[0].layout === 'flat';
  const own = flat ? [`${id}.onnx`] : [`${id}.onnx`, `${id}/model.onnx`];
  if (own.includes(modelPath)) return;
  throw invalidField(
    '/model_path',
    'MODEL_PATH_FORBIDDEN',
    `model_path: networks are loaded by their id from the models folder; for ${id} it can only be ${own.join(' or ')}.`,
  );
}
