import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  InstalledNetwork,
  NetworkCatalogue,
  NetworkProblem,
  NetworkRef,
  NetworkSource,
} from '../../domain/network.js';
import { AppError, messageOf } from '../../errors/app-error.js';
import { networkNotFound } from '../runtime/manifest.js';
import { describeFolder, describeManifest, unusable } from './describe-network.js';
import { stampOf } from './file-digest.js';
import { flatFiles, readFlatManifest, type FlatFolders } from './flat-network.js';
import {
  isNetworkName,
  MANIFEST_FILE,
  NETWORK_NAME_RULE,
  NETWORK_VERSION,
  there,
  VERSIONS_FOLDER,
} from './layout.js';
import { contentProblem, filesReadIn } from './network-files.js';
import { compareVersions } from './versions.js';

/** One place where a network may lie. */
interface Place {
  readonly id: string;
  readonly layout: 'folder' | 'flat';
  readonly folder: string;
}

/** A network as it was read, until one of the files changes. */
interface Reading {
  readonly files: readonly string[];
  readonly stamp: string;
  readonly source: NetworkSource;
  /** What its files hold, once somebody has asked for the network: digests of large files take a second. */
  content?: Promise<void>;
  problem: NetworkProblem | null;
}

/**
 * Networks of the models folder in both layouts: `<id>/manifest.json` with more versions in `<id>/versions/<version>`,
 * and `<id>.onnx` with `metadata/<id>.json` and labels in the data folder. What was read is kept until a file changes.
 */
export class FolderCatalogue implements NetworkCatalogue {
  readonly #read = new Map<string, Reading>();

  readonly #found = new Map<string, { readonly source: Promise<NetworkSource>; readonly until: number }>();

  /** @param freshMs how long a network that was found is not looked for again, whatever happens to its files */
  constructor(
    private readonly folders: FlatFolders,
    private readonly freshMs = 0,
  ) {}

  /** Looks at the files anew from now on. */
  forget(): void {
    this.#found.clear();
  }

  async list(): Promise<readonly InstalledNetwork[]> {
    const { names, misnamed } = await this.#names();
    const places = (await Promise.all(names.map((id) => this.#places(id)))).flat();
    const networks = await Promise.all(
      places.map(async (place) => {
        const { source, problem } = await this.#reading(place);
        return { ...source.network, problem };
      }),
    );
    return [...networks, ...misnamed].sort((a, b) =>
      a.id < b.id ? -1 : a.id > b.id ? 1 : compareVersions(a.version, b.version),
    );
  }

  async find(ref: NetworkRef): Promise<NetworkSource> {
    if (this.freshMs === 0) return this.#find(ref);
    const key = `${ref.id} ${ref.version ?? ''}`;
    const now = performance.now();
    const known = this.#found.get(key);
    if (known && now < known.until) return known.source;
    // Those who come while it is looked for wait for the same answer.
    const source = this.#find(ref);
    const entry = { source, until: now + this.freshMs };
    this.#found.set(key, entry);
    source.catch(() => {
      if (this.#found.get(key) === entry) this.#found.delete(key);
    });
    return source;
  }

  async #find({ id, version }: NetworkRef): Promise<NetworkSource> {
    if (!isNetworkName(id)) throw networkNotFound(id);
    const readings = await Promise.all((await this.#places(id)).map((place) => this.#reading(place)));
    const wanted = readings
      .filter(({ source }) => version === undefined || source.network.version === version)
      .sort((a, b) => compareVersions(b.source.network.version, a.source.network.version));
    const problems: NetworkProblem[] = [];
    for (const reading of wanted) {
      reading.content ??= judgeContent(reading);
      await reading.content;
      if (reading.problem === null) return reading.source;
      problems.push(reading.problem);
    }
    if (problems.length === 0) throw networkNotFound(version === undefined ? id : `${id} ${version}`);
    const [{ code, message }] = problems;
    throw new AppError(code, { message, details: { network: id } });
  }

  /** Names of what may be networks, and what lies there under names that no network can have. */
  async #names(): Promise<{ names: readonly string[]; misnamed: readonly InstalledNetwork[] }> {
    const entries = await readdir(this.folders.models, { withFileTypes: true }).catch(() => []);
    const names = new Set<string>();
    const misnamed: InstalledNetwork[] = [];
    for (const entry of entries.filter(({ name }) => !name.startsWith('.'))) {
      const layout = entry.isDirectory() ? 'folder' : 'flat';
      if (layout === 'flat' && !entry.name.endsWith('.onnx')) continue;
      const id = layout === 'flat' ? entry.name.slice(0, -'.onnx'.length) : entry.name;
      if (isNetworkName(id)) names.add(id);
      else if (layout === 'flat' || (await there(join(this.folders.models, id, MANIFEST_FILE)))) {
        const message = `${entry.name} cannot be used under this name: ${NETWORK_NAME_RULE}. Rename it.`;
        misnamed.push(unusable({ id, layout }, { code: 'NETWORK_ID_INVALID', message }));
      }
    }
    return { names: [...names], misnamed };
  }

  /** Where versions of a network lie; the flat layout only where there is no folder of that name. */
  async #places(id: string): Promise<readonly Place[]> {
    const folder = join(this.folders.models, id);
    const own = await there(join(folder, MANIFEST_FILE));
    const versions = await readdir(join(folder, VERSIONS_FOLDER)).catch(() => []);
    const places: Place[] = versions
      .filter((version) => NETWORK_VERSION.test(version))
      .map((version) => ({ id, layout: 'folder', folder: join(folder, VERSIONS_FOLDER, version) }));
    if (own) places.push({ id, layout: 'folder', folder });
    if (places.length > 0) return places;
    if (await there(join(this.folders.models, `${id}.onnx`)))
      return [{ id, layout: 'flat', folder: this.folders.models }];
    return (await there(folder)) ? [{ id, layout: 'folder', folder }] : [];
  }

  /** Reads a place, or finds it as it was read before. */
  async #reading(place: Place): Promise<Reading> {
    const key = `${place.layout} ${place.id} ${place.folder}`;
    const known = this.#read.get(key);
    if (known && known.stamp === (await stampOfAll(known.files))) return known;
    const files =
      place.layout === 'flat' ? flatFiles(this.folders, place.id) : await filesReadIn(place.folder);
    // Before the files are read: a change while they are is seen the next time.
    const stamp = await stampOfAll(files);
    const source = { network: await this.#describe(place), folder: place.folder };
    const reading = { files, stamp, source, problem: source.network.problem };
    this.#read.set(key, reading);
    return reading;
  }

  async #describe(place: Place): Promise<InstalledNetwork> {
    try {
      return place.layout === 'flat'
        ? describeManifest(await readFlatManifest(this.folders, place.id), 'flat')
        : await describeFolder(place.folder, place.id);
    } catch (error) {
      const code = error instanceof AppError ? error.code : 'NETWORK_UNREADABLE';
      return unusable(place, { code, message: messageOf(error) });
    }
  }
}

const stampOfAll = async (files: readonly string[]): Promise<string> =>
  (await Promise.all(files.map(stampOf))).join(' | ');

/** Compares the files of a network with its manifest; a flat network is described by its content anyway. */
async function judgeContent(reading: Reading): Promise<void> {
  if (reading.source.network.layout === 'folder') reading.problem ??= await contentProblem(reading.source);
}
