import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { InstalledNetwork, NetworkCatalogue, NetworkRef, NetworkSource } from '../../domain/network.js';
import { AppError, messageOf } from '../../errors/app-error.js';
import { classifierManifestSchema } from '../classification/classifier-manifest.js';
import { preprocessingName } from '../classification/resolve-preprocessing.js';
import {
  networkIdentity,
  networkManifestSchema,
  networkNotFound,
  readManifest,
} from '../runtime/manifest.js';
import { readFlatManifest, type FlatFolders } from './flat-network.js';
import { readLabels } from './labels.js';
import {
  isNetworkName,
  MANIFEST_FILE,
  METADATA_FOLDER,
  NETWORK_VERSION,
  there,
  VERSIONS_FOLDER,
} from './layout.js';
import { compareVersions } from './versions.js';

/** One place where a network may lie. */
interface Place {
  readonly id: string;
  readonly layout: 'folder' | 'flat';
  readonly folder: string;
}

/**
 * Networks of the models folder in both layouts: `<id>/manifest.json` with more versions in `<id>/versions/<version>`,
 * and `<id>.onnx` with `metadata/<id>.json` and labels in the data folder. What was read is kept until a file changes.
 */
export class FolderCatalogue implements NetworkCatalogue {
  readonly #read = new Map<string, { readonly stamp: string; readonly source: NetworkSource }>();

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
    const places = (await this.#ids()).map(async (id) => this.#places(id));
    const sources = await Promise.all((await Promise.all(places)).flat().map((place) => this.#source(place)));
    return sources
      .map(({ network }) => network)
      .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : compareVersions(a.version, b.version)));
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
    const sources = await Promise.all((await this.#places(id)).map((place) => this.#source(place)));
    const wanted = sources
      .filter(({ network }) => version === undefined || network.version === version)
      .sort((a, b) => compareVersions(b.network.version, a.network.version));
    const usable = wanted.find(({ network }) => network.problem === null);
    if (usable) return usable;
    if (wanted.length === 0) throw networkNotFound(version === undefined ? id : `${id} ${version}`);
    const { code, message } = wanted[0].network.problem ?? { code: 'NETWORK_NOT_FOUND', message: id };
    throw new AppError({ code, kind: 'invalid', message, details: { network: id } });
  }

  async #ids(): Promise<readonly string[]> {
    const entries = await readdir(this.folders.models, { withFileTypes: true }).catch(() => []);
    const ids = entries.flatMap((entry) => {
      if (entry.isDirectory()) return [entry.name];
      return entry.name.endsWith('.onnx') ? [entry.name.slice(0, -'.onnx'.length)] : [];
    });
    return [...new Set(ids)].filter(isNetworkName);
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
  async #source(place: Place): Promise<NetworkSource> {
    const key = `${place.layout} ${place.id} ${place.folder}`;
    const stamp = await this.#stamp(place);
    const known = this.#read.get(key);
    if (known?.stamp === stamp) return known.source;
    const source = { network: await this.#describe(place), folder: place.folder };
    this.#read.set(key, { stamp, source });
    return source;
  }

  async #stamp({ id, layout, folder }: Place): Promise<string> {
    const files =
      layout === 'folder'
        ? [join(folder, MANIFEST_FILE), folder]
        : [
            join(folder, `${id}.onnx`),
            join(folder, METADATA_FOLDER, `${id}.json`),
            join(this.folders.labels, `${id}_labels.json`),
          ];
    const stats = await Promise.all(files.map((file) => stat(file).catch(() => null)));
    return stats.map((file) => (file ? `${String(file.mtimeMs)}-${String(file.size)}` : '-')).join(' ');
  }

  async #describe(place: Place): Promise<InstalledNetwork> {
    try {
      const manifest =
        place.layout === 'flat'
          ? await readFlatManifest(this.folders, place.id)
          : await this.#withLabels(place, await readManifest(place.folder, place.id));
      return describeManifest(manifest, place.layout);
    } catch (error) {
      const code = error instanceof AppError ? error.code : 'NETWORK_UNREADABLE';
      return unusable(place, { code, message: messageOf(error) });
    }
  }

  async #withLabels(
    { folder, id }: Place,
    manifest: Readonly<Record<string, unknown>>,
  ): Promise<Readonly<Record<string, unknown>>> {
    const { labels } = manifest;
    if (typeof labels !== 'string') return manifest;
    const read = await readLabels(join(folder, labels), id);
    if (read) return { ...manifest, labels: read };
    throw new AppError({
      code: 'LABELS_MISSING',
      kind: 'invalid',
      message: `Network ${id} has no file ${labels} with its labels.`,
    });
  }
}

/** What is known of a network by its manifest. @throws AppError `NETWORK_MANIFEST_INVALID` (invalid) */
export function describeManifest(
  manifest: Readonly<Record<string, unknown>>,
  layout: 'folder' | 'flat',
): InstalledNetwork {
  const general = checked(networkManifestSchema.safeParse(manifest), manifest.id);
  const classifier =
    general.task === 'classification'
      ? checked(classifierManifestSchema.safeParse(manifest), general.id)
      : undefined;
  const labels = classifier?.labels;
  const source: unknown = manifest.source;
  return {
    id: general.id,
    version: general.version,
    task: general.task,
    layout,
    sha256: networkIdentity(general).sha256,
    bytes: Object.values(general.files).reduce((sum, { bytes }) => sum + bytes, 0),
    licence: general.licence,
    source: typeof source === 'string' ? source : null,
    classes: Array.isArray(labels) ? labels.length : null,
    preprocessing: classifier ? preprocessingName(classifier.preprocessing) : null,
    problem: null,
    manifest: classifier ?? general,
  };
}

/** @throws AppError `NETWORK_MANIFEST_INVALID` (invalid) */
function checked<Value>(parsed: z.ZodSafeParseResult<Value>, id: unknown): Value {
  if (parsed.success) return parsed.data;
  const why = z.prettifyError(parsed.error).replace(/\s+/g, ' ');
  throw new AppError({
    code: 'NETWORK_MANIFEST_INVALID',
    kind: 'invalid',
    message: `The manifest of network ${String(id)} is not valid: ${why}`,
  });
}

const unusable = ({ id, layout }: Place, problem: { code: string; message: string }): InstalledNetwork => ({
  id,
  version: '0',
  task: 'unknown',
  layout,
  sha256: '',
  bytes: 0,
  licence: null,
  source: null,
  classes: null,
  preprocessing: null,
  problem,
  manifest: {},
});
