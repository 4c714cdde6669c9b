import { createHash, randomUUID } from 'node:crypto';
import { cp, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type {
  InstalledNetwork,
  NetworkCatalogue,
  NetworkLibrary,
  NetworkRef,
  NetworkSource,
  NewNetwork,
} from '../../domain/network.js';
import { AppError } from '../../errors/app-error.js';
import { networkNotFound } from '../runtime/manifest.js';
import { flatManifest, flatMetadataPath, parseFlatMetadata, type FlatFolders } from './flat-network.js';
import { describeManifest, VERSIONS_FOLDER } from './folder-catalogue.js';
import { readLabels } from './labels.js';

const MODEL_FILE = 'model.onnx';
const LABELS_FILE = 'labels.json';
const MANIFEST_FILE = 'manifest.json';

/**
 * The models folder as administrators change it. New networks are put together in a hidden folder beside the others and
 * renamed into place, so that no reader ever sees half of one.
 */
export class FolderLibrary implements NetworkLibrary {
  constructor(
    private readonly folders: FlatFolders,
    private readonly catalogue: NetworkCatalogue & { forget(): void },
  ) {}

  list(): Promise<readonly InstalledNetwork[]> {
    return this.catalogue.list();
  }

  find(ref: NetworkRef): Promise<NetworkSource> {
    return this.catalogue.find(ref);
  }

  async install(
    network: NewNetwork,
    check: (source: NetworkSource) => Promise<void>,
  ): Promise<InstalledNetwork> {
    const target = await this.#freePlace(network);
    const staging = join(this.folders.models, `.incoming-${randomUUID()}`);
    await mkdir(staging, { recursive: true });
    try {
      const manifest = await this.#stage(network, staging);
      const described = describeManifest(manifest, 'folder');
      await check({ network: described, folder: staging });
      await mkdir(join(target, '..'), { recursive: true });
      await rename(staging, target).catch((error: unknown) => {
        throw isTaken(error) ? exists(network) : error;
      });
      return described;
    } finally {
      this.catalogue.forget();
      await rm(staging, { recursive: true, force: true });
    }
  }

  async remove(ref: NetworkRef): Promise<void> {
    try {
      await this.#remove(ref);
    } finally {
      this.catalogue.forget();
    }
  }

  async #remove({ id, version }: NetworkRef): Promise<void> {
    const all = (await this.list()).filter((network) => network.id === id);
    const doomed = all.filter((network) => version === undefined || network.version === version);
    if (doomed.length === 0) throw networkNotFound(version === undefined ? id : `${id} ${version}`);
    const foreign = doomed.find(({ task, problem }) => task !== 'classification' && problem === null);
    if (foreign) throw inProduct(foreign);
    if (doomed[0].layout === 'flat') return this.#removeFlat(id);
    if (doomed.length === all.length) return this.#discard(join(this.folders.models, id));
    for (const network of doomed) await this.#removeVersion(network);
  }

  async describe(
    id: string,
    metadata: Readonly<Record<string, unknown>>,
    check: (source: NetworkSource) => Promise<void>,
  ): Promise<void> {
    const parsed = parseFlatMetadata(metadata);
    if (!(await there(join(this.folders.models, `${id}.onnx`)))) throw networkNotFound(id);
    const described = describeManifest(await flatManifest(this.folders, id, parsed), 'flat');
    const known = (await this.list()).find((network) => network.id === id);
    if (known?.task === 'classification' && described.task !== known.task) throw otherTask(known, described);
    // Clients of the seed send the same metadata with every preload: what they say already need not be proved again.
    const same = known?.problem === null && isDeepStrictEqual(known.manifest, described.manifest);
    if (!same) await check({ network: described, folder: this.folders.models });
    await this.#writeMetadata(flatMetadataPath(this.folders, id), metadata);
  }

  async #writeMetadata(path: string, metadata: Readonly<Record<string, unknown>>): Promise<void> {
    const draft = `${path}.${randomUUID()}`;
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(draft, `${JSON.stringify(metadata, null, 2)}\n`);
      await rename(draft, path);
    } finally {
      this.catalogue.forget();
      await rm(draft, { force: true });
    }
  }

  /** Where the new version will lie: the network's own folder, or one beside the version that is there. */
  async #freePlace(network: NewNetwork): Promise<string> {
    const known = (await this.list()).filter(({ id }) => id === network.id);
    const own = join(this.folders.models, network.id);
    if (known.length === 0) return own;
    const sameKind = known.every(({ layout, task }) => layout === 'folder' && task === 'classification');
    const sameVersion = known.some(({ version }) => version === network.version);
    if (!sameKind || sameVersion) throw exists(network);
    return join(own, VERSIONS_FOLDER, network.version);
  }

  async #stage(network: NewNetwork, folder: string): Promise<Readonly<Record<string, unknown>>> {
    const model = join(folder, MODEL_FILE);
    await move(network.modelPath, model);
    const bytes = await readFile(model);
    if (bytes.length === 0) throw empty();
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const labels = await stageLabels(network, folder);
    const manifest = {
      kind: 'classifier',
      licence: 'unknown',
      preprocessing: 'imagenet',
      ...network.manifest,
      ...(labels && { labels: LABELS_FILE }),
      id: network.id,
      version: network.version,
      task: 'classification',
      files: { model: { path: MODEL_FILE, sha256, bytes: bytes.length } },
    };
    await writeFile(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
    return labels ? { ...manifest, labels } : manifest;
  }

  async #removeFlat(id: string): Promise<void> {
    await rm(join(this.folders.models, `${id}.onnx`), { force: true });
    await rm(flatMetadataPath(this.folders, id), { force: true });
    await rm(join(this.folders.labels, `${id}_labels.json`), { force: true });
  }

  /** One of several versions: its own folder, or the files that lie beside the folder of the others. */
  async #removeVersion({ id, version, manifest }: InstalledNetwork): Promise<void> {
    const own = join(this.folders.models, id);
    const folder = join(own, VERSIONS_FOLDER, version);
    if (await there(join(folder, MANIFEST_FILE))) return this.#discard(folder);
    // Without its manifest the version is gone for every reader; the rest is only tidying.
    await rm(join(own, MANIFEST_FILE), { force: true });
    for (const path of filesOf(manifest)) await rm(join(own, path), { force: true });
    await rm(join(own, LABELS_FILE), { force: true });
  }

  async #discard(folder: string): Promise<void> {
    const grave = join(this.folders.models, `.removed-${randomUUID()}`);
    await rename(folder, grave);
    await rm(grave, { recursive: true, force: true });
  }
}

async function stageLabels({ id, labels }: NewNetwork, folder: string): Promise<readonly string[] | null> {
  if (labels === undefined) return null;
  const path = join(folder, LABELS_FILE);
  await writeFile(path, labels);
  return readLabels(path, id);
}

function filesOf({ files }: Readonly<Record<string, unknown>>): readonly string[] {
  const parsed = z.record(z.string(), z.object({ path: z.string() })).safeParse(files);
  return parsed.success ? Object.values(parsed.data).map(({ path }) => path) : [];
}

/** Renames, or copies where the temporary folder lies on another disk. */
async function move(from: string, to: string): Promise<void> {
  await rename(from, to).catch(async () => {
    await cp(from, to);
    await rm(from, { force: true });
  });
}

const there = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const empty = (): AppError =>
  new AppError({ code: 'NETWORK_NOT_ONNX', kind: 'invalid', message: 'The file is empty (0 bytes).' });

const isTaken = (error: unknown): boolean =>
  error instanceof Error && ['EEXIST', 'ENOTEMPTY'].includes(String(Reflect.get(error, 'code')));

const exists = ({ id, version }: Pick<NewNetwork, 'id' | 'version'>): AppError =>
  new AppError({
    code: 'NETWORK_EXISTS',
    kind: 'conflict',
    message: `There is a network ${id} already that version ${version} cannot be put beside; give another version or another id.`,
    details: { network: id, version },
  });

const otherTask = (known: InstalledNetwork, described: InstalledNetwork): AppError =>
  new AppError({
    code: 'METADATA_CONFLICT',
    kind: 'conflict',
    message: `Network ${known.id} is for the task ${known.task}; metadata for the task ${described.task} are not taken from requests.`,
    details: { network: known.id, task: known.task, given: described.task },
  });

const inProduct = ({ id, task }: InstalledNetwork): AppError =>
  new AppError({
    code: 'NETWORK_IN_PRODUCT',
    kind: 'conflict',
    message: `Network ${id} belongs to the task ${task} and is not removed here.`,
    details: { network: id, task },
  });
