import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, readdir, rm, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  readCatalogue,
  requireEntry,
  type CatalogueEntry,
} from '../../../../scripts/models/catalogue-file.js';
import { importNetworks } from '../../../../scripts/models/import-folder.js';
import { NetworkInstaller } from '../../../../scripts/models/install.js';
import { parseLabels } from '../../../../scripts/models/label-set.js';
import { pull } from '../../../../scripts/models/pull.js';
import type { NetworkSource } from '../../../../src/domain/network.js';
import { NetworkRegistry } from '../../../../src/networks/runtime/network-registry.js';
import { makeModelFolder } from '../../../factories/onnx/model-folder.js';
import { writeOnnx } from '../../../factories/onnx/onnx-model.js';
import { always, serve, whole, type Answer, type FileServer } from './file-server.js';

const network = writeOnnx({
  nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }],
  inputs: [{ name: 'x', dims: ['n', 3] }],
  outputs: [{ name: 'y', dims: ['n', 3] }],
});
const sha256 = createHash('sha256').update(network).digest('hex');

describe('networks of the catalogue', () => {
  let root: string;
  let models: string;
  let servers: FileServer[];
  const said: string[] = [];
  const say = (sentence: string) => void said.push(sentence);
  const entry = (urls: readonly string[], changes: Partial<CatalogueEntry> = {}): CatalogueEntry => ({
    ...{ id: 'relu-3', task: 'classification', kind: 'classifier', description: 'Three positive numbers' },
    ...{ licence: 'MIT', source: 'tests', fileName: 'relu.onnx', bytes: network.length, sha256, urls },
    manifest: { preprocessing: 'unit', output: { activation: 'logits' } },
    labels: ['a', 'b', 'c'],
    ...changes,
  });
  const serving = async (answer: Answer) => {
    const server = await serve(answer);
    servers.push(server);
    return server;
  };
  const pullContext = (installer = new NetworkInstaller(models)) => ({
    installer,
    downloads: path.join(root, 'downloads'),
    download: { pauseMs: 1 },
    say,
  });
  const manifestOf = async (id: string) =>
    JSON.parse(await readFile(path.join(models, id, 'manifest.json'), 'utf8')) as Record<string, unknown>;

  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'infernode-pull-'));
    models = path.join(root, 'models');
    servers = [];
    said.length = 0;
  });
  afterEach(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await rm(root, { recursive: true, force: true });
  });

  it('pulls a network that the registry then lists and opens', async () => {
    const { url } = await serving(whole(network));
    await pull(entry([url]), pullContext());
    const registry = new NetworkRegistry({ folder: models });
    const { networks, problems } = await registry.folder.manifests();
    expect([networks.map(({ id }) => id), problems]).toEqual([['relu-3'], []]);
    const lease = await registry.acquire({
      id: 'relu-3',
      files: ['model'],
      preference: { device: 'cpu', strict: true },
    });
    expect(lease.session('model').inputs.map(({ name }) => name)).toEqual(['x']);
    lease.release();
    await registry.close();
    expect(await manifestOf('relu-3')).toMatchObject({
      preprocessing: 'unit',
      licence: 'MIT',
      labels: 'labels.json',
    });
    expect(JSON.parse(await readFile(path.join(models, 'relu-3', 'labels.json'), 'utf8'))).toEqual([
      'a',
      'b',
      'c',
    ]);
    expect(await readdir(path.join(root, 'downloads'))).toEqual([]);
    expect(await readdir(models)).toEqual(['relu-3']);
  });

  it('fetches nothing that is there, and replaces other content only when told to', async () => {
    const server = await serving(whole(network));
    await pull(entry([server.url]), pullContext());
    await pull(entry([server.url]), pullContext());
    expect(server.ranges).toHaveLength(1);
    expect(said.at(-1)).toContain('installed already');

    await writeFile(path.join(models, 'relu-3', 'model.onnx'), 'spoilt');
    await expect(pull(entry([server.url]), pullContext())).rejects.toMatchObject({ code: 'NETWORK_EXISTS' });
    expect(server.ranges).toHaveLength(1);
    await pull(entry([server.url]), pullContext(new NetworkInstaller(models, { replace: true })));
    expect(new Uint8Array(await readFile(path.join(models, 'relu-3', 'model.onnx')))).toEqual(network);
  });

  it('numbers the classes when the list of labels cannot be had, and says so', async () => {
    const { url } = await serving(whole(network));
    const list = await serving(always('["only", "two"]'));
    const labels = { name: 'three', count: 3, file: 'three.json', urls: [list.url] };
    await pull(entry([url], { labels }), pullContext());
    expect(await manifestOf('relu-3')).not.toHaveProperty('labels');
    expect(said[0]).toMatch(/labels three are missing.*3 names/);
  });

  it('imports files by their digest, whatever they are called, with labels from the same folder', async () => {
    const labels = { name: 'three', count: 3, file: 'three.json', urls: ['http://127.0.0.1:9/'] };
    const folder = path.join(root, 'stick');
    await mkdir(folder);
    await writeFile(path.join(folder, 'from-elsewhere.onnx'), network);
    await writeFile(path.join(folder, 'unknown.onnx'), 'something else');
    await writeFile(
      path.join(folder, 'pointer.onnx'),
      `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\n`,
    );
    await writeFile(path.join(folder, 'three.json'), '["x", "y", "z"]');
    const entries = [entry([], { labels }), entry([], { id: 'twin', labels: null })];
    const ids = await importNetworks(folder, { entries, installer: new NetworkInstaller(models), say });
    expect(ids).toEqual(['relu-3', 'twin']);
    expect(JSON.parse(await readFile(path.join(models, 'relu-3', 'labels.json'), 'utf8'))).toEqual([
      'x',
      'y',
      'z',
    ]);
    expect(said.join('\n')).toMatch(/unknown\.onnx: the catalogue does not know it/);
    expect(said.join('\n')).toMatch(/pointer\.onnx: it is a git-lfs pointer/);
  });

  it('imports a folder with a manifest only when its files are those of the manifest', async () => {
    const source = await makeModelFolder();
    await source.add('own', { model: network });
    const context = { entries: [], installer: new NetworkInstaller(models), say };
    expect(await importNetworks(path.join(source.path, 'own'), context)).toEqual(['own']);
    expect(await new NetworkInstaller(models).installed('own')).toMatchObject({ id: 'own' });

    await cp(path.join(source.path, 'own'), path.join(source.path, 'bad'), { recursive: true });
    await writeFile(path.join(source.path, 'bad', 'model.onnx'), network.with(0, 9));
    await expect(importNetworks(path.join(source.path, 'bad'), context)).rejects.toMatchObject({
      code: 'NETWORK_DIGEST_MISMATCH',
    });
    await source.remove();
    await expect(importNetworks(root, context)).rejects.toMatchObject({ code: 'IMPORT_EMPTY' });
  });

  it('says of a folder or file that is imported again that it is installed already', async () => {
    const source = await makeModelFolder();
    await source.add('own', { model: network }, { labels: 'names.json' });
    const folder = path.join(source.path, 'own');
    await writeFile(path.join(folder, 'names.json'), '["a","b","c"]');
    const context = { entries: [entry([])], installer: new NetworkInstaller(models), say };
    await importNetworks(folder, context);
    expect(await importNetworks(folder, context)).toEqual(['own']);
    expect(said.at(-1)).toBe('own is installed already.');
    await importNetworks(path.join(folder, 'model.onnx'), context);
    expect(await importNetworks(path.join(folder, 'model.onnx'), context)).toEqual(['relu-3']);
    expect(said.at(-1)).toBe('relu-3 is installed already.');
    await writeFile(path.join(folder, 'names.json'), '["x","y","z"]');
    await expect(importNetworks(folder, context)).rejects.toMatchObject({ code: 'NETWORK_EXISTS' });
    await source.remove();
  });

  it('installs a folder only when its manifest is valid and the network has proved itself', async () => {
    const source = await makeModelFolder();
    const classifier = { task: 'classification', kind: 'classifier' };
    await source.add('odd', { model: network }, { ...classifier, preprocessing: 'imagenette' });
    await source.add('bare', { model: network }, { ...classifier, preprocessing: 'unit', labels: 'a.json' });
    await source.add('metadata', { model: network });
    await source.add('wrong', { model: network }, { ...classifier, preprocessing: 'unit', labels: ['one'] });
    await source.add('broken', { model: network });
    await writeFile(path.join(source.path, 'broken', 'manifest.json'), '{"id": ');
    const validate = async ({ network: { manifest } }: NetworkSource): Promise<void> => {
      if (Array.isArray(manifest.labels)) throw new Error('one label');
    };
    const context = { entries: [], installer: new NetworkInstaller(models, { validate }), say };
    for (const [folder, expected] of [
      ['odd', { code: 'NETWORK_MANIFEST_INVALID' }],
      ['bare', { code: 'LABELS_MISSING' }],
      ['metadata', { code: 'NETWORK_ID_INVALID' }],
      ['wrong', { message: 'one label' }],
      ['broken', { code: 'NETWORK_MANIFEST_INVALID' }],
      ['nowhere', { code: 'IMPORT_NOT_FOUND' }],
    ] as const) {
      await expect(importNetworks(path.join(source.path, folder), context)).rejects.toMatchObject(expected);
    }
    expect(await readdir(models).catch(() => [])).toEqual([]);
    expect(said).toEqual([]);
    await source.remove();
  });

  it('never leaves half a network when installing fails', async () => {
    const missing = path.join(root, 'not-there.onnx');
    await expect(new NetworkInstaller(models).installEntry(entry([]), missing, null)).rejects.toThrow();
    expect(await readdir(models).catch(() => [])).toEqual([]);
  });

  it('refuses label lists of another length or type', () => {
    const set = { name: 'two', count: 2 };
    const parse = (text: string) => parseLabels(Buffer.from(text), set);
    for (const text of ['["a","b"]', '{"0":"a","1":"b"}', 'a\nb\n']) expect(parse(text)).toEqual(['a', 'b']);
    for (const text of ['["a"]', 'no list']) expect(() => parse(text)).toThrow('needs 2 names');
    for (const text of ['["a",2]', '["a",""]']) expect(() => parse(text)).toThrow('entry 1 is not a name');
  });

  it('has a catalogue in which every network is pinned and knows how to be fed', async () => {
    const entries = await readCatalogue();
    expect(entries.length).toBeGreaterThan(15);
    for (const { urls, manifest, task, labels } of entries) {
      expect(urls.every((url) => url.startsWith('https://') && !url.includes('{'))).toBe(true);
      if (task === 'classification') expect([manifest.preprocessing, labels]).not.toContain(undefined);
    }
    expect(requireEntry(entries, 'resnet18-v2-7')).toMatchObject({
      bytes: 46_806_737,
      licence: 'Apache-2.0',
    });
    expect(() => requireEntry(entries, 'resnet')).toThrow('resnet18-v1-7');
  });
});
