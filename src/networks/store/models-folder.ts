import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../errors/app-error.js';
import { isNetworkName, MANIFEST_FILE, NETWORK_VERSION, there, VERSIONS_FOLDER } from './layout.js';
import { NETWORK_ID, networkNotFound, readManifest, type NetworkManifest } from './manifest.js';
import { readNetworkFile } from './network-files.js';

/** Layout of a network's files: in its own folder, or as `<id>.onnx` with metadata elsewhere. */
type NetworkLayout = 'folder' | 'flat';

/** An entry of the models folder that is a network. */
export interface NetworkEntry {
  readonly id: string;
  readonly layout: NetworkLayout;
  /** Name of the file or folder. */
  readonly name: string;
  /** Whether the name is a valid network id. */
  readonly valid: boolean;
}

/** One place where a version of a network may be stored. */
export interface NetworkPlace {
  readonly id: string;
  readonly layout: NetworkLayout;
  readonly folder: string;
}

/** Networks in the folder layout. */
export interface NetworkListing {
  /** Sorted by id. */
  readonly networks: readonly NetworkManifest[];
  /** Folders whose manifest is missing or broken, with the reason. */
  readonly problems: readonly { readonly id: string; readonly reason: string }[];
}

const FLAT_ENDING = '.onnx';

/**
 * Access to the models folder. Only this class walks it: `<id>/manifest.json` with further versions in
 * `<id>/versions/<version>`, and `<id>.onnx`. Nothing is cached.
 */
export class ModelsFolder {
  constructor(readonly path: string) {}

  /**
   * Entries that are networks, in no particular order. Folders with a leading dot are being installed or
   * removed. @throws as `readdir` does
   */
  async entries(): Promise<readonly NetworkEntry[]> {
    const all = await readdir(this.path, { withFileTypes: true });
    const found = all
      .filter(({ name }) => !name.startsWith('.'))
      .map((entry) => (entry.isDirectory() ? folderEntry(entry.name) : flatEntry(entry.name)));
    const networks: NetworkEntry[] = [];
    for (const entry of found) {
      // A folder with an invalid name is reported only if its content looks like a network.
      const stands =
        entry && (entry.valid || entry.layout === 'flat' || (await this.#hasManifest(entry.name)));
      if (stands) networks.push(entry);
    }
    return networks;
  }

  /**
   * Places where versions of a network may be stored; the flat layout only if there is no folder with that
   * name.
   */
  async places(id: string): Promise<readonly NetworkPlace[]> {
    const folder = join(this.path, id);
    const own = await this.#hasManifest(id);
    const versions = await readdir(join(folder, VERSIONS_FOLDER)).catch(() => []);
    const places: NetworkPlace[] = versions
      .filter((version) => NETWORK_VERSION.test(version))
      .map((version) => ({ id, layout: 'folder', folder: join(folder, VERSIONS_FOLDER, version) }));
    if (own) places.push({ id, layout: 'folder', folder });
    if (places.length > 0) return places;
    if (await there(join(this.path, `${id}${FLAT_ENDING}`)))
      return [{ id, layout: 'flat', folder: this.path }];
    return (await there(folder)) ? [{ id, layout: 'folder', folder }] : [];
  }

  /** Own folder of a network, which may not exist. @throws AppError `NETWORK_NOT_FOUND` for an invalid id */
  folderOf(id: string): string {
    if (!NETWORK_ID.test(id)) throw networkNotFound(id);
    return join(this.path, id);
  }

  /** Manifest in a network's own folder. @throws AppError `NETWORK_NOT_FOUND`, `NETWORK_MANIFEST_INVALID` */
  async manifest(id: string): Promise<NetworkManifest> {
    return readManifest(this.folderOf(id), id);
  }

  /** Manifests of all networks in the folder layout; a broken one does not hide the others. */
  async manifests(): Promise<NetworkListing> {
    const entries = await this.entries().catch(() => []);
    const ids = entries.filter(({ layout }) => layout === 'folder').map(({ id }) => id);
    const networks: NetworkManifest[] = [];
    const problems: { id: string; reason: string }[] = [];
    for (const id of ids.sort()) {
      try {
        networks.push(await this.manifest(id));
      } catch (error) {
        problems.push({ id, reason: messageOf(error) });
      }
    }
    return { networks, problems };
  }

  /**
   * Content of a file listed by the manifest of a network in the folder layout. @throws AppError of
   * {@link readNetworkFile}
   */
  read(manifest: NetworkManifest, name: string): Promise<Uint8Array> {
    return readNetworkFile(this.folderOf(manifest.id), manifest, name);
  }

  #hasManifest(id: string): Promise<boolean> {
    return there(join(this.path, id, MANIFEST_FILE));
  }
}

const folderEntry = (name: string): NetworkEntry => ({
  id: name,
  layout: 'folder',
  name,
  valid: isNetworkName(name),
});

function flatEntry(name: string): NetworkEntry | null {
  if (!name.endsWith(FLAT_ENDING)) return null;
  const id = name.slice(0, -FLAT_ENDING.length);
  return { id, layout: 'flat', name, valid: isNetworkName(id) };
}
