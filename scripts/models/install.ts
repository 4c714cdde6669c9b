import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { NetworkSource } from '../../src/domain/network.js';
import { AppError } from '../../src/errors/app-error.js';
import { describeFolder } from '../../src/networks/catalogue/describe-network.js';
import { isNetworkName, isTaken, NETWORK_NAME_RULE } from '../../src/networks/store/layout.js';
import { readManifest, type NetworkManifest } from '../../src/networks/store/manifest.js';
import { readNetworkFile } from '../../src/networks/store/network-files.js';
import type { CatalogueEntry } from './catalogue-file.js';
import { digestOf } from './download.js';

const VERSION = '1.0.0';

/** Options of a {@link NetworkInstaller}. */
export interface InstallerOptions {
  /** Whether an existing network with the same id is replaced. */
  readonly replace?: boolean;
  /** Validates a prepared network before it becomes visible; throws when it is unusable. */
  readonly validate?: (source: NetworkSource) => Promise<void>;
}

/** Installs networks in a models folder; each becomes visible atomically. */
export class NetworkInstaller {
  readonly #modelsFolder: string;
  readonly #options: InstallerOptions;

  constructor(modelsFolder: string, options: InstallerOptions = {}) {
    this.#modelsFolder = modelsFolder;
    this.#options = options;
  }

  /** The installed network with an id; `null` when there is no complete one. */
  async installed(id: string): Promise<NetworkManifest | null> {
    const folder = path.join(this.#modelsFolder, id);
    try {
      const manifest = await readManifest(folder, id);
      for (const name of Object.keys(manifest.files)) await readNetworkFile(folder, manifest, name);
      return manifest;
    } catch {
      return null;
    }
  }

  /** Whether a complete network with this id and content is installed. */
  async holds(id: string, sha256: string): Promise<boolean> {
    const files = Object.values((await this.installed(id))?.files ?? {});
    return files.some((file) => file.sha256 === sha256);
  }

  /**
   * Checks that an id is free or may be replaced.
   * @throws AppError `NETWORK_EXISTS` (conflict)
   */
  requireRoom(id: string): void {
    if (!this.#options.replace && existsSync(path.join(this.#modelsFolder, id))) throw alreadyThere(id);
  }

  /** Installs a network of the catalogue; its file is copied. `labels` null installs it without labels. */
  async installEntry(entry: CatalogueEntry, file: string, labels: readonly string[] | null): Promise<void> {
    const record = { path: 'model.onnx', sha256: await digestOf(file), bytes: entry.bytes };
    const { id, task, kind, licence, source, description } = entry;
    const manifest = {
      ...{ id, version: VERSION, task, kind, licence, source, description },
      files: { model: record },
      ...entry.manifest,
      ...(labels !== null && { labels: 'labels.json' }),
    };
    await this.#place(id, async (folder) => {
      await cp(file, path.join(folder, record.path));
      if (labels !== null) await writeJson(path.join(folder, 'labels.json'), labels);
      await writeJson(path.join(folder, 'manifest.json'), manifest);
    });
  }

  /**
   * Installs a folder with its own manifest after verifying all listed files and validating the network.
   * @returns false when the identical network is already installed
   * @throws AppError `NETWORK_MANIFEST_INVALID`, `NETWORK_DIGEST_MISMATCH`, `LABELS_…`, and errors of `validate`
   */
  async installFolder(source: string, id: string): Promise<boolean> {
    const manifest = await readManifest(source, id);
    for (const name of Object.keys(manifest.files)) await readNetworkFile(source, manifest, name);
    const network = await describeFolder(source, id);
    if (await this.#holdsFolder(source, id)) return false;
    await this.#place(id, async (folder) => {
      const files = Object.values(manifest.files).map((file) => file.path);
      for (const name of [...files, ...(await jsonFilesOf(source))])
        await cp(path.join(source, name), path.join(folder, name));
      await this.#options.validate?.({ network, folder });
    });
    return true;
  }

  /** Whether a verified folder is already installed unchanged; then only the JSON files need comparing. */
  async #holdsFolder(source: string, id: string): Promise<boolean> {
    if ((await this.installed(id)) === null) return false;
    const names = await jsonFilesOf(source);
    const texts = (folder: string) =>
      Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8').catch(() => null)));
    return isDeepStrictEqual(await texts(source), await texts(path.join(this.#modelsFolder, id)));
  }

  async #place(id: string, fill: (folder: string) => Promise<void>): Promise<void> {
    if (!isNetworkName(id)) throw badName(id);
    this.requireRoom(id);
    await mkdir(this.#modelsFolder, { recursive: true });
    const target = path.join(this.#modelsFolder, id);
    // Next to the target, so that the last step is a rename on one file system.
    const draft = await mkdtemp(path.join(this.#modelsFolder, `.${id}-`));
    try {
      await fill(draft);
      if (this.#options.replace) await rm(target, { recursive: true, force: true });
      await rename(draft, target);
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      throw isTaken(error) ? alreadyThere(id) : error;
    }
  }
}

const jsonFilesOf = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();

const badName = (id: string): AppError =>
  new AppError('NETWORK_ID_INVALID', {
    message: `id: ${id} is not a valid network id: ${NETWORK_NAME_RULE}.`,
  });

const alreadyThere = (id: string): AppError =>
  new AppError('NETWORK_EXISTS', {
    message: `There is a network ${id} already, of other content or broken; --force replaces it.`,
    details: { id },
  });

const writeJson = (file: string, value: unknown): Promise<void> =>
  writeFile(file, `${JSON.stringify(value, null, 2)}\n`);
