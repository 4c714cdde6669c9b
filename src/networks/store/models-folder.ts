import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../errors/app-error.js';
import { isNetworkName, MANIFEST_FILE, NETWORK_VERSION, there, VERSIONS_FOLDER } from './layout.js';
import { NETWORK_ID, networkNotFound, readManifest, type NetworkManifest } from './manifest.js';
import { readNetworkFile } from './network-files.js';

/** How the files of a network are laid out: in its own folder, or as `<id>.onnx` with its metadata elsewhere. */
type NetworkLayout = 'folder' | 'flat';

/** A name in the models folder that stands for a network. */
export interface NetworkEntry {
  readonly id: string;
  readonly layout: NetworkLayout;
  /** Name of the file or folder. */
  readonly name: string;
  /** Whether a network may be called so. */
  readonly valid: boolean;
}

/** One place where a version of a network may lie. */
export interface NetworkPlace {
  readonly id: string;
  readonly layout: NetworkLayout;
  readonly folder: string;
}

/** Networks that have their own folder. */
export interface NetworkListing {
  /** Sorted by id. */
  readonly networks: readonly NetworkManifest[];
  /** Folders whose manifest is missing or broken, with the reason. */
  readonly problems: readonly { readonly id: string; readonly reason: string }[];
}

const FLAT_ENDING = '.onnx';

/**
 * The models folder, walked here and nowhere else: `<id>/manifest.json` with more versions in
 * `<id>/versions/<version>`, and `<id>.onnx`. Nothing is kept between calls.
 */
export class ModelsFolder {
  constructor(readonly path: string) {}

  /** What stands for a network, in no order. Folders with a leading dot are being filled or removed. @throws as `readdir` */
  async entries(): Promise<readonly NetworkEntry[]> {
    const all = await readdir(this.path, { withFileTypes: true });
    const found = all
      .filter(({ name }) => !name.startsWith('.'))
      .map((entry) => (entry.isDirectory() ? folderEntry(entry.name) : flatEntry(entry.name)));
    const networks: NetworkEntry[] = [];
    for (const entry of found) {
      // A folder with a name that no network can have is one only when it looks like one inside.
      const stands =
        entry && (entry.valid || entry.layout === 'flat' || (await this.#hasManifest(entry.name)));
      if (stands) networks.push(entry);
    }
    return networks;
  }

  /** Where versions of a network lie; the flat layout only where there is no folder of that name. */
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

  /** Own folder of a network, whether it is there or not. @throws AppError `NETWORK_NOT_FOUND` for what is no network's id */
  folderOf(id: string): string {
    if (!NETWORK_ID.test(id)) throw networkNotFound(id);
    return join(this.path, id);
  }

  /** Manifest in a network's own folder. @throws AppError `NETWORK_NOT_FOUND`, `NETWORK_MANIFEST_INVALID` */
  async manifest(id: string): Promise<NetworkManifest> {
    return readManifest(this.folderOf(id), id);
  }

  /** Manifests of all networks that have their own folder; one that is broken does not hide the others. */
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

  /** Bytes of a file that the manifest of a network's own folder lists. @throws AppError of {@link readNetworkFile} */
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
