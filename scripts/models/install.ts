import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../src/errors/app-error.js';
import { readManifest, readNetworkFile, type NetworkManifest } from '../../src/inference/runtime/manifest.js';
import type { CatalogueEntry } from './catalogue-file.js';
import { digestOf } from './download.js';

const VERSION = '1.0.0';

/** Puts finished networks into a models folder; each appears there at once and in full, or not at all. */
export class NetworkInstaller {
  constructor(
    private readonly modelsFolder: string,
    /** Whether a network of the same id is replaced. */
    private readonly replace = false,
  ) {}

  /** The installed network of an id; null when there is none that is whole. */
  async installed(id: string): Promise<NetworkManifest | null> {
    const folder = path.join(this.modelsFolder, id);
    try {
      const manifest = await readManifest(folder, id);
      for (const name of Object.keys(manifest.files)) await readNetworkFile(folder, manifest, name);
      return manifest;
    } catch {
      return null;
    }
  }

  /** @throws AppError `NETWORK_EXISTS` (conflict) when something of that id is there and may not be replaced. */
  requireRoom(id: string): void {
    if (!this.replace && existsSync(path.join(this.modelsFolder, id))) throw alreadyThere(id);
  }

  /** Installs a file of the catalogue; the file itself is copied. `labels` null leaves them out. */
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
   * Installs a folder with a manifest of its own, after checking every file that it lists.
   * @throws AppError `NETWORK_MANIFEST_INVALID`, `NETWORK_DIGEST_MISMATCH`
   */
  async installFolder(source: string, id: string): Promise<void> {
    const manifest = await readManifest(source, id);
    for (const name of Object.keys(manifest.files)) await readNetworkFile(source, manifest, name);
    await this.#place(id, async (folder) => {
      const files = Object.values(manifest.files).map((file) => file.path);
      const beside = (await readdir(source)).filter((name) => name.endsWith('.json'));
      for (const name of [...files, ...beside]) await cp(path.join(source, name), path.join(folder, name));
    });
  }

  async #place(id: string, fill: (folder: string) => Promise<void>): Promise<void> {
    await mkdir(this.modelsFolder, { recursive: true });
    const target = path.join(this.modelsFolder, id);
    // Beside the target, so that the last step is a rename on one disk.
    const draft = await mkdtemp(path.join(this.modelsFolder, `.${id}-`));
    try {
      await fill(draft);
      if (this.replace) await rm(target, { recursive: true, force: true });
      await rename(draft, target);
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      throw isTaken(error) ? alreadyThere(id) : error;
    }
  }
}

const isTaken = (error: unknown): boolean =>
  error instanceof Error && ['ENOTEMPTY', 'EEXIST'].includes(String(Reflect.get(error, 'code')));

const alreadyThere = (id: string): AppError =>
  new AppError({
    code: 'NETWORK_EXISTS',
    kind: 'conflict',
    message: `There is a network ${id} already, of other content or broken; --force replaces it.`,
    details: { id },
  });

const writeJson = (file: string, value: unknown): Promise<void> =>
  writeFile(file, `${JSON.stringify(value, null, 2)}\n`);
