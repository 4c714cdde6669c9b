import type {
  InstalledNetwork,
  NetworkCatalogue,
  NetworkProblem,
  NetworkRef,
  NetworkSource,
} from '../../domain/network.js';
import { AppError, messageOf } from '../../errors/app-error.js';
import { networkNotFound } from '../store/manifest.js';
import { describeFolder, describeManifest, unusable } from './describe-network.js';
import { stampOf } from '../store/file-digest.js';
import { flatFiles, readFlatManifest, type FlatFolders } from './flat-network.js';
import { isNetworkName, NETWORK_NAME_RULE } from '../store/layout.js';
import { ModelsFolder, type NetworkEntry, type NetworkPlace } from '../store/models-folder.js';
import { contentProblem, filesReadIn } from '../store/network-files.js';
import { compareVersions } from '../store/versions.js';

/** A cached description of a network, valid until one of its files changes. */
interface Reading {
  readonly files: readonly string[];
  readonly stamp: string;
  readonly source: NetworkSource;
  /**
   * Comparison of the files' content with the manifest, started at the first request for the network: hashing
   * large files takes about a second.
   */
  content?: Promise<void>;
  problem: NetworkProblem | null;
}

/**
 * Networks in the models folder in both layouts: `<id>/manifest.json` with further versions in
 * `<id>/versions/<version>`, and `<id>.onnx` with `metadata/<id>.json` and labels in the data folder.
 * Descriptions are cached until a file changes.
 */
export class FolderCatalogue implements NetworkCatalogue {
  readonly #folder: ModelsFolder;
  readonly #read = new Map<string, Reading>();

  readonly #found = new Map<string, { readonly source: Promise<NetworkSource>; readonly until: number }>();

  readonly #folders: FlatFolders;
  readonly #freshMs: number;

  /** @param freshMs how long a found network is returned without checking its files again */
  constructor(folders: FlatFolders, freshMs = 0) {
    this.#folders = folders;
    this.#freshMs = freshMs;

    this.#folder = new ModelsFolder(folders.models);
  }

  /** Discards all cached descriptions. */
  forget(): void {
    this.#found.clear();
  }

  async list(): Promise<readonly InstalledNetwork[]> {
    const entries = await this.#folder.entries().catch(() => []);
    const ids = new Set(entries.filter(({ valid }) => valid).map(({ id }) => id));
    const places = (await Promise.all([...ids].map((id) => this.#folder.places(id)))).flat();
    const networks = await Promise.all(
      places.map(async (place) => {
        const { source, problem } = await this.#reading(place);
        return { ...source.network, problem };
      }),
    );
    const misnamed = entries.filter(({ valid }) => !valid).map(describeMisnamed);
    return [...networks, ...misnamed].sort((a, b) =>
      a.id < b.id ? -1 : a.id > b.id ? 1 : compareVersions(a.version, b.version),
    );
  }

  async find(ref: NetworkRef): Promise<NetworkSource> {
    if (this.#freshMs === 0) return this.#find(ref);
    const key = `${ref.id} ${ref.version ?? ''}`;
    const now = performance.now();
    const known = this.#found.get(key);
    if (known && now < known.until) return known.source;
    // The promise is cached, so that concurrent requests share one lookup.
    const source = this.#find(ref);
    const entry = { source, until: now + this.#freshMs };
    this.#found.set(key, entry);
    source.catch(() => {
      if (this.#found.get(key) === entry) this.#found.delete(key);
    });
    return source;
  }

  async #find({ id, version }: NetworkRef): Promise<NetworkSource> {
    if (!isNetworkName(id)) throw networkNotFound(id);
    const readings = await Promise.all((await this.#folder.places(id)).map((place) => this.#reading(place)));
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

  /** The description of a place, read again if a file has changed. */
  async #reading(place: NetworkPlace): Promise<Reading> {
    const key = `${place.layout} ${place.id} ${place.folder}`;
    const known = this.#read.get(key);
    if (known && known.stamp === (await stampOfAll(known.files))) return known;
    const files =
      place.layout === 'flat' ? flatFiles(this.#folders, place.id) : await filesReadIn(place.folder);
    // Taken before the files are read, so that a concurrent change is detected next time.
    const stamp = await stampOfAll(files);
    const source = { network: await this.#describe(place), folder: place.folder };
    const reading = { files, stamp, source, problem: source.network.problem };
    this.#read.set(key, reading);
    return reading;
  }

  async #describe(place: NetworkPlace): Promise<InstalledNetwork> {
    try {
      return place.layout === 'flat'
        ? describeManifest(await readFlatManifest(this.#folders, place.id), 'flat')
        : await describeFolder(place.folder, place.id);
    } catch (error) {
      const code = error instanceof AppError ? error.code : 'NETWORK_UNREADABLE';
      return unusable(place, { code, message: messageOf(error) });
    }
  }
}

/** An entry whose name is not a valid network id, so that it cannot be requested. */
const describeMisnamed = ({ id, layout, name }: NetworkEntry): InstalledNetwork =>
  unusable(
    { id, layout },
    {
      code: 'NETWORK_ID_INVALID',
      message: `${name} cannot be used under this name: ${NETWORK_NAME_RULE}. Rename it.`,
    },
  );

const stampOfAll = async (files: readonly string[]): Promise<string> =>
  (await Promise.all(files.map(stampOf))).join(' | ');

/**
 * Compares the files of a network with its manifest. Not needed for flat networks, whose manifest is built
 * from the file.
 */
async function judgeContent(reading: Reading): Promise<void> {
  if (reading.source.network.layout === 'folder') reading.problem ??= await contentProblem(reading.source);
}
