import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type {
  InstalledNetwork,
  NetworkCatalogue,
  NetworkLibrary,
  NetworkRef,
  NetworkSource,
  NewNetwork,
} from '../../domain/network.js';
import { AppError } from '../../errors/app-error.js';
import { invalidField } from '../../errors/common-errors.js';
import { makeFolder } from '../../storage/folders.js';
import { networkNotFound } from '../store/manifest.js';
import { describeManifest, UNKNOWN_TASK } from './describe-network.js';
import {
  flatFiles,
  flatManifest,
  flatMetadataPath,
  parseFlatMetadata,
  type FlatFolders,
} from './flat-network.js';
import {
  INSTALLABLE_TASKS,
  isNetworkName,
  isTaken,
  LABELS_FILE,
  MANIFEST_FILE,
  NETWORK_NAME_RULE,
  there,
  VERSIONS_FOLDER,
} from '../store/layout.js';
import { modelPathsIn } from '../store/network-files.js';
import { stageNetwork, taskOf } from './staging.js';
import { readNetworkParts, type NetworkParts } from './uploaded-network.js';

/**
 * Maximum number of attempts to find a free place. A place is only taken by a concurrent installation, and
 * removals are rare.
 */
const PLACE_ATTEMPTS = 5;

/**
 * Installs and removes networks in the models folder. New networks are assembled in a hidden folder next to
 * the others and renamed into place, so that readers never see a partial network.
 */
export class FolderLibrary implements NetworkLibrary {
  readonly #folders: FlatFolders;
  readonly #catalogue: NetworkCatalogue & { forget(): void };

  constructor(folders: FlatFolders, catalogue: NetworkCatalogue & { forget(): void }) {
    this.#folders = folders;
    this.#catalogue = catalogue;
  }

  list(): Promise<readonly InstalledNetwork[]> {
    return this.#catalogue.list();
  }

  find(ref: NetworkRef): Promise<NetworkSource> {
    return this.#catalogue.find(ref);
  }

  async install(
    uploaded: NewNetwork,
    check: (source: NetworkSource) => Promise<void>,
  ): Promise<InstalledNetwork> {
    const network = await readNetworkParts(uploaded);
    if (!isNetworkName(network.id)) throw badName(network.id);
    // Rejects duplicates early; the place is claimed only when validation is done.
    await this.#freePlace(network);
    const staging = join(this.#folders.models, `.incoming-${randomUUID()}`);
    await makeFolder(staging);
    try {
      const manifest = await stageNetwork(network, staging);
      const described = describeManifest(manifest, 'folder');
      await check({ network: described, folder: staging });
      await this.#putIntoPlace(network, staging);
      return described;
    } finally {
      this.#catalogue.forget();
      await rm(staging, { recursive: true, force: true });
    }
  }

  async remove(ref: NetworkRef): Promise<void> {
    try {
      await this.#remove(ref);
    } finally {
      this.#catalogue.forget();
    }
  }

  async #remove({ id, version }: NetworkRef): Promise<void> {
    if (!isNetworkName(id)) throw networkNotFound(id);
    const all = (await this.list()).filter((network) => network.id === id);
    const toDelete = all.filter((network) => version === undefined || network.version === version);
    if (toDelete.length === 0) throw networkNotFound(version === undefined ? id : `${id} ${version}`);
    const foreign = toDelete.find(({ task }) => !INSTALLABLE_TASKS.has(task) && task !== UNKNOWN_TASK);
    if (foreign) throw inProduct(foreign);
    if (toDelete[0].layout === 'flat') {
      for (const path of flatFiles(this.#folders, id)) await rm(path, { force: true });
      return;
    }
    if (toDelete.length === all.length) return this.#discard(join(this.#folders.models, id));
    for (const network of toDelete) await this.#removeVersion(network);
  }

  async describe(
    id: string,
    metadata: Readonly<Record<string, unknown>>,
    check: (source: NetworkSource) => Promise<void>,
  ): Promise<void> {
    const parsed = parseFlatMetadata(metadata);
    if (!(await there(join(this.#folders.models, `${id}.onnx`)))) throw networkNotFound(id);
    const described = describeManifest(await flatManifest(this.#folders, id, parsed), 'flat');
    const known = (await this.list()).find((network) => network.id === id);
    if (known && INSTALLABLE_TASKS.has(known.task) && described.task !== known.task)
      throw otherTask(known, described);
    // Clients of the compatibility route send the same metadata with every preload: unchanged metadata is not
    // validated again.
    const same = known?.problem === null && isDeepStrictEqual(known.manifest, described.manifest);
    if (!same) await check({ network: described, folder: this.#folders.models });
    await this.#writeMetadata(flatMetadataPath(this.#folders, id), metadata);
  }

  async #writeMetadata(path: string, metadata: Readonly<Record<string, unknown>>): Promise<void> {
    const draft = `${path}.${randomUUID()}`;
    try {
      await makeFolder(dirname(path));
      await writeFile(draft, `${JSON.stringify(metadata, null, 2)}\n`);
      await rename(draft, path);
    } finally {
      this.#catalogue.forget();
      await rm(draft, { force: true });
    }
  }

  /**
   * Moves the new version into its place. Other processes may install versions at the same time, so another
   * place is tried if one is taken.
   */
  async #putIntoPlace(network: NetworkParts, staging: string): Promise<void> {
    for (let left = PLACE_ATTEMPTS; ; left -= 1) {
      const target = await this.#freePlace(network);
      await makeFolder(dirname(target));
      try {
        return await rename(staging, target);
      } catch (error) {
        if (!isTaken(error) || left === 0) throw error;
      }
    }
  }

  /** The folder for the new version: the network's own folder, or one next to the existing version. */
  async #freePlace(network: NetworkParts): Promise<string> {
    const known = (await this.list()).filter(({ id }) => id === network.id);
    const own = join(this.#folders.models, network.id);
    if (known.length === 0) return own;
    if (known.some(({ version }) => version === network.version)) throw sameVersion(network);
    const task = taskOf(network.manifest);
    const sameKind = known.every((other) => other.layout === 'folder' && other.task === task);
    if (!sameKind) throw otherKind(network);
    return join(own, VERSIONS_FOLDER, network.version);
  }

  /** Removes one of several versions: its own folder, or the files next to the folder of the others. */
  async #removeVersion({ id, version, manifest }: InstalledNetwork): Promise<void> {
    const own = join(this.#folders.models, id);
    const folder = join(own, VERSIONS_FOLDER, version);
    if (await there(join(folder, MANIFEST_FILE))) return this.#discard(folder);
    // Without its manifest no reader finds the version any more; removing the rest only frees disk space.
    await rm(join(own, MANIFEST_FILE), { force: true });
    for (const path of modelPathsIn(manifest)) await rm(join(own, path), { force: true });
    await rm(join(own, LABELS_FILE), { force: true });
  }

  async #discard(folder: string): Promise<void> {
    const pendingDeletion = join(this.#folders.models, `.removed-${randomUUID()}`);
    await rename(folder, pendingDeletion);
    await rm(pendingDeletion, { recursive: true, force: true });
  }
}

const badName = (id: string): AppError =>
  invalidField('/id', 'NETWORK_ID_INVALID', `id: ${id} is not a valid network id: ${NETWORK_NAME_RULE}.`);

const sameVersion = ({ id, version }: NetworkParts): AppError =>
  new AppError('NETWORK_EXISTS', {
    message: `version: network ${id} already has a version ${version}; give another version or another id.`,
    details: { network: id, version },
  });

const otherKind = ({ id, version }: NetworkParts): AppError =>
  new AppError('NETWORK_EXISTS', {
    message: `Version ${version} cannot be added to the existing network ${id}; give another id.`,
    details: { network: id, version },
  });

const otherTask = (known: InstalledNetwork, described: InstalledNetwork): AppError =>
  new AppError('METADATA_CONFLICT', {
    message: `Network ${known.id} is for the task ${known.task}; metadata for the task ${described.task} is not accepted.`,
    details: { network: known.id, task: known.task, given: described.task },
  });

const inProduct = ({ id, task }: InstalledNetwork): AppError =>
  new AppError('NETWORK_IN_PRODUCT', {
    message: `Network ${id} belongs to the task ${task} and is not removed here.`,
    details: { network: id, task },
  });
