import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { startTestApi, type TestApi } from '../../support/api.js';
import type { ApiClient, ApiResponse } from '../../support/api-client.js';
import { plainImage } from '../../factories/images/plain-image.js';
import { COLOURS, colourManifest, colourNetwork } from '../../factories/onnx/colour-network.js';
import { makeModelFolder, type ModelFolder } from '../../factories/onnx/model-folder.js';
import { writeOnnx } from '../../factories/onnx/onnx-model.js';
import { externalDataModel } from '../../factories/onnx/sample-models.js';

const FIRST_LINE = 'version https://git-lfs.github.com/spec/v1\n';

/** One operator of a domain that the file does not define. */
const foreignModel = (domain: string): Uint8Array =>
  writeOnnx({
    nodes: [{ op: 'Mystery', domain, inputs: ['x'], outputs: ['y'] }],
    inputs: [{ name: 'x', dims: [1, 3, 8, 8] }],
    outputs: [{ name: 'y', dims: [1, 3] }],
  });

describe('models', () => {
  let api: TestApi;
  let models: ModelFolder;
  let admin: ApiClient;
  let user: ApiClient;
  let blue: string;

  beforeAll(async () => {
    models = await makeModelFolder();
    await models.add('colours', { model: colourNetwork({ gain: 4 }) }, colourManifest());
    await models.add('tool', { model: colourNetwork() }, { task: 'segmentation' });
    await writeFile(path.join(models.path, 'flat.onnx'), colourNetwork({ gain: 4 }));
    api = await startTestApi({ modelsDirectory: models.path });
    admin = (await api.user('keeper', 'admin')).client;
    user = (await api.user('visitor')).client;
    blue = (await plainImage([20, 60, 200])).toString('base64');
  });
  afterAll(async () => {
    await api.close();
    await models.remove();
  });

  const classify = (id: string, version?: string) =>
    user.post('/api/inference/execute', {
      model_id: id,
      ...(version !== undefined && { version }),
      input: { type: 'image', data: blue },
    });

  function upload(
    client: ApiClient,
    fields: Record<string, string>,
    files: Record<string, Uint8Array | string>,
  ): Promise<ApiResponse> {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    for (const [name, content] of Object.entries(files)) {
      form.append(name, new Blob([typeof content === 'string' ? content : new Uint8Array(content)]), name);
    }
    return client.call('POST', '/api/models', { body: form });
  }

  it('every network of the folder is listed, unusable ones with the reason', async () => {
    const answer = await user.get('/api/models');
    const found = answer.at('models') as { id: string; layout: string; problem: { code: string } | null }[];
    expect(found.map(({ id, layout, problem }) => [id, layout, problem?.code ?? null])).toEqual([
      ['colours', 'folder', null],
      ['flat', 'flat', 'METADATA_MISSING'],
      ['tool', 'folder', null],
    ]);
  });

  it("the seed's preload loads by id, writes metadata where there is none, and takes no free path", async () => {
    const metadata = {
      model_type: 'image_classification',
      input_shape: [1, 3, 8, 8],
      preprocessing: 'unit',
      color_format: 'RGB',
    };
    const body = { model_id: 'flat', model_path: 'flat.onnx', metadata, warmup: true };
    expect((await user.post('/api/inference/preload', body)).status).toBe(403);
    for (const elsewhere of ['../../etc/passwd', '/etc/passwd', 'colours/model.onnx']) {
      const refused = await admin.post('/api/inference/preload', { ...body, model_path: elsewhere });
      expect([refused.status, refused.at('code')]).toEqual([422, 'MODEL_PATH_FORBIDDEN']);
    }
    const loaded = await admin.post('/api/inference/preload', body);
    expect(loaded.json).toMatchObject({
      success: true,
      message: 'Model flat preloaded successfully',
      model_id: 'flat',
      model: { inputs: [{ name: 'image', dtype: 'float32', shape: ['N', 3, 8, 8] }] },
    });
    expect((await classify('flat')).at('predictions.0.label')).toBe('class_2');
    const listed = await user.get('/api/inference/models/loaded');
    expect(listed.at('models.0.model_id')).toBe('flat');
    const contradiction = await admin.post('/api/inference/preload', {
      model_id: 'colours',
      metadata: { preprocessing: 'caffe' },
    });
    expect([contradiction.status, contradiction.at('code')]).toEqual([409, 'METADATA_CONFLICT']);
  });

  it('metadata that a network fails with leave it as it was', async () => {
    const folder = path.join(models.path, 'metadata');
    const before = await readFile(path.join(folder, 'flat.json'), 'utf8');
    const preload = (metadata: Record<string, unknown>, version?: string) =>
      admin.post('/api/inference/preload', { model_id: 'flat', ...(version && { version }), metadata });
    const refused = [
      [{ input_shape: [1, 3, 224, 224], preprocessing: 'unit' }, 422, 'PREPROCESSING_INVALID'],
      [{ output: { name: 'nothing' } }, 422, 'MODEL_MISMATCH'],
      [{ preprocessing: 'imagenette' }, 422, 'METADATA_INVALID'],
      [{ model_type: 'text_generation' }, 409, 'METADATA_CONFLICT'],
    ] as const;
    for (const [metadata, status, code] of refused) {
      const answer = await preload(metadata);
      expect([answer.status, answer.at('code')]).toEqual([status, code]);
      expect((await classify('flat')).status).toBe(200);
    }
    const otherVersion = await preload({ preprocessing: 'imagenet' }, '9');
    expect([otherVersion.status, otherVersion.at('code')]).toEqual([409, 'METADATA_CONFLICT']);
    expect(await readdir(folder)).toEqual(['flat.json']);
    expect(await readFile(path.join(folder, 'flat.json'), 'utf8')).toBe(before);
    await admin.call('DELETE', '/api/inference/models/flat', {});
    expect((await classify('flat')).at('predictions.0.label')).toBe('class_2');

    const turned = await preload({ preprocessing: 'unit', color_format: 'bgr' });
    expect(turned.status).toBe(200);
    expect((await classify('flat')).at('predictions.0.label')).toBe('class_0');
    expect((await preload(JSON.parse(before) as Record<string, unknown>)).status).toBe(200);
    expect((await classify('flat')).at('predictions.0.label')).toBe('class_2');
  });

  it("labels of the seed's layout are read as they are", async () => {
    const folder = path.join(api.folder, 'labels');
    await mkdir(folder, { recursive: true });
    await writeFile(
      path.join(folder, 'flat_labels.json'),
      '{"0":["n1","rot"],"1":["n2","gruen"],"2":["n3","blau"]}',
    );
    expect((await classify('flat')).at('predictions.0.label')).toBe('blau');
  });

  it('status counts what was done and unload takes it out of memory', async () => {
    await classify('colours');
    const status = await user.get('/api/inference/status');
    expect(status.json).toMatchObject({
      success: true,
      status: 'operational',
      models: { max_capacity: 3 },
      inference: { models: { colours: { failed: 0 } } },
    });
    expect(Number(status.at('inference.models.colours.answered'))).toBeGreaterThan(0);
    expect(Number(status.at('memory.engines_rss_bytes'))).toBeGreaterThan(10_000_000);
    expect((await user.call('DELETE', '/api/inference/models/colours', {})).status).toBe(403);
    const gone = await admin.call('DELETE', '/api/inference/models/colours', {});
    expect(gone.json).toEqual({ success: true, message: 'Model colours unloaded successfully' });
    const again = await admin.call('DELETE', '/api/inference/models/colours', {});
    expect([again.status, again.at('code')]).toEqual([404, 'NETWORK_NOT_LOADED']);
    expect((await user.get('/api/inference/formats')).at('limits.max_batch')).toBe(10);
  });

  it('an upload is checked, then classifies; a second version answers from then on', async () => {
    const manifest = JSON.stringify({ preprocessing: 'unit', licence: 'MIT' });
    const labels = JSON.stringify(COLOURS);
    const model = colourNetwork({ gain: 4 });
    expect((await upload(user, { id: 'mine' }, { model })).status).toBe(403);
    const added = await upload(admin, { id: 'mine', version: '1.9.0' }, { model, manifest, labels });
    expect([added.status, added.at('model.classes'), added.at('model.licence')]).toEqual([201, 3, 'MIT']);
    const [audited] = await api.persistence.unitOfWork.read.audit.newest(1);
    expect([audited.action, audited.subject]).toMatchObject([
      'uploadModel',
      {
        body: { id: 'mine', version: '1.9.0' },
        files: { model: createHash('sha256').update(model).digest('hex') },
      },
    ]);
    expect((await classify('mine')).at('predictions.0.label')).toBe('blue');
    const taken = await upload(admin, { id: 'mine', version: '1.9.0' }, { model, manifest });
    expect([taken.status, taken.at('code')]).toEqual([409, 'NETWORK_EXISTS']);
    const turned = JSON.stringify({ preprocessing: { preset: 'unit', channelOrder: 'BGR' } });
    await upload(admin, { id: 'mine', version: '1.10.0' }, { model, manifest: turned, labels });
    expect((await classify('mine')).at('predictions.0.label')).toBe('red');
    expect((await classify('mine', '1.9.0')).at('predictions.0.label')).toBe('blue');
    expect((await classify('mine', '7')).at('code')).toBe('NETWORK_NOT_FOUND');
    expect((await admin.call('DELETE', '/api/models/mine?version=1.9.0', {})).status).toBe(200);
    expect((await user.get('/api/models/mine')).at('versions.length')).toBe(1);
    expect((await classify('mine')).at('predictions.0.label')).toBe('red');
    expect((await admin.call('DELETE', '/api/models/mine', {})).status).toBe(200);
    expect((await classify('mine')).status).toBe(404);
    const left = await readdir(models.path);
    expect(left.filter((name) => name.startsWith('.') || name === 'mine')).toEqual([]);
  });

  it('versions that come at the same time are all installed, one of each', async () => {
    const model = colourNetwork({ gain: 4 });
    const manifest = JSON.stringify({ preprocessing: 'unit' });
    const answers = await Promise.all(
      ['1', '2', '3', '3'].map((version) => upload(admin, { id: 'several', version }, { model, manifest })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 409]);
    const refused = answers.find(({ status }) => status === 409);
    expect(refused?.at('detail')).toContain('several already has a version 3');
    const listed = (await user.get('/api/models/several')).at('versions') as { version: string }[];
    expect(listed.map(({ version }) => version)).toEqual(['1', '2', '3']);
    expect((await admin.call('DELETE', '/api/models/several', {})).status).toBe(200);
  });

  it.each<[string, () => Uint8Array | string, string]>([
    ['a git-lfs pointer', () => `${FIRST_LINE}oid sha256:00\nsize 5\n`, 'NETWORK_LFS_POINTER'],
    ['text', () => 'hello world', 'NETWORK_NOT_ONNX'],
    ['nothing', () => '', 'NETWORK_NOT_ONNX'],
    ['an operator that nobody knows', () => foreignModel('my.domain'), 'NETWORK_UNKNOWN_OPERATORS'],
    ['an operator of the extensions', () => foreignModel('ai.onnx.contrib'), 'NETWORK_NEEDS_EXTENSIONS'],
    ['weights in another file', () => externalDataModel('weights.bin'), 'NETWORK_EXTERNAL_DATA'],
    ['a file that is cut off', () => colourNetwork().subarray(0, 900), 'NETWORK_NOT_ONNX'],
  ])('%s is refused with its own code and leaves nothing behind', async (_, model, code) => {
    const answer = await upload(admin, { id: 'wrong' }, { model: model() });
    expect([answer.status, answer.at('code')]).toEqual([422, code]);
    expect((await user.get('/api/models/wrong')).status).toBe(404);
    expect((await readdir(models.path)).filter((name) => name.startsWith('.'))).toEqual([]);
    expect((await classify('colours')).status).toBe(200);
  });

  it.each<[string, Record<string, string>, Record<string, string>, string]>([
    ['labels that do not fit', {}, { labels: '["one","two"]' }, 'LABELS_MISMATCH'],
    [
      'a size that the graph has not',
      {},
      { manifest: '{"preprocessing":{"width":9}}' },
      'PREPROCESSING_INVALID',
    ],
    ['a manifest that is none', {}, { manifest: '[1]' }, 'NETWORK_MANIFEST_INVALID'],
    ['labels that do not come along', {}, { manifest: '{"labels":"labels.json"}' }, 'LABELS_MISSING'],
    ['the manifest as its own labels', {}, { manifest: '{"labels":"manifest.json"}' }, 'LABELS_MISSING'],
    ['a name that the layout uses itself', { id: 'metadata' }, {}, 'NETWORK_ID_INVALID'],
    ['the name of the folder of versions', { id: 'versions' }, {}, 'NETWORK_ID_INVALID'],
    ['the name of a flat network', { id: 'mine.onnx' }, {}, 'NETWORK_ID_INVALID'],
    ['another digest', { sha256: '0'.repeat(64) }, {}, 'NETWORK_DIGEST_MISMATCH'],
  ])('%s is refused', async (_, fields, files, code) => {
    const answer = await upload(admin, { id: 'wrong', ...fields }, { model: colourNetwork(), ...files });
    expect([answer.status, answer.at('code')]).toEqual([422, code]);
    expect((await user.get(`/api/models/${fields.id ?? 'wrong'}`)).status).toBe(404);
  });

  it('a model file that was replaced is a problem of the network, which no retry would help', async () => {
    await models.add('replaced', { model: colourNetwork({ gain: 4 }) }, colourManifest());
    expect((await classify('replaced')).status).toBe(200);
    await writeFile(path.join(models.path, 'replaced', 'model.onnx'), colourNetwork({ gain: 5 }));
    const answer = await classify('replaced');
    expect([answer.status, answer.at('code')]).toEqual([422, 'NETWORK_DIGEST_MISMATCH']);
    await rm(path.join(models.path, 'replaced'), { recursive: true });
  });

  it('networks of other tasks are neither asked for classes nor removed', async () => {
    const asked = await classify('tool');
    expect([asked.status, asked.at('code')]).toEqual([422, 'NETWORK_TASK_UNSUPPORTED']);
    const removed = await admin.call('DELETE', '/api/models/tool', {});
    expect([removed.status, removed.at('code')]).toEqual([409, 'NETWORK_IN_PRODUCT']);
  });
});
