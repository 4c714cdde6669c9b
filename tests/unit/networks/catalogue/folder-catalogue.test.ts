import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FolderCatalogue } from '../../../../src/networks/catalogue/folder-catalogue.js';
import { colourManifest, colourNetwork } from '../../../factories/onnx/colour-network.js';
import { makeModelFolder, type ModelFolder } from '../../../factories/onnx/model-folder.js';

describe('the catalogue of the models folder', () => {
  let models: ModelFolder;
  let labels: string;
  let catalogue: FolderCatalogue;
  const model = colourNetwork();
  const inModels = (...names: string[]) => path.join(models.path, ...names);
  const problems = async () =>
    Object.fromEntries((await catalogue.list()).map(({ id, problem }) => [id, problem?.code ?? null]));

  beforeEach(async () => {
    models = await makeModelFolder();
    labels = await mkdtemp(path.join(tmpdir(), 'infernode-labels-'));
    catalogue = new FolderCatalogue({ models: models.path, labels });
  });
  afterEach(async () => {
    await models.remove();
    await rm(labels, { recursive: true, force: true });
  });

  it('reads labels again that were changed in place', async () => {
    await models.add('colours', { model }, colourManifest({ labels: 'names.json' }));
    await writeFile(inModels('colours', 'names.json'), '["red","green","blue"]');
    expect((await catalogue.find({ id: 'colours' })).network.manifest.labels).toEqual([
      'red',
      'green',
      'blue',
    ]);
    await writeFile(inModels('colours', 'names.json'), '["rot","gruen","blau"]');
    expect((await catalogue.find({ id: 'colours' })).network.manifest.labels).toEqual([
      'rot',
      'gruen',
      'blau',
    ]);
    await rm(inModels('colours', 'names.json'));
    expect(await problems()).toEqual({ colours: 'LABELS_MISSING' });
  });

  it('describes detectors, in a folder and flat with metadata', async () => {
    await models.add('faces', { model }, { task: 'detection', kind: 'detector', labels: ['face'] });
    await models.add('broken', { model }, { task: 'detection', kind: 'detector', threshold: 2 });
    await writeFile(inModels('flat.onnx'), model);
    await mkdir(inModels('metadata'));
    const metadata = { model_type: 'object_detection', head: { family: 'yolov8' }, nms: { iou: 0.6 } };
    await writeFile(inModels('metadata', 'flat.json'), JSON.stringify(metadata));
    const found = Object.fromEntries((await catalogue.list()).map((network) => [network.id, network]));
    expect(found.faces).toMatchObject({
      task: 'detection',
      classes: 1,
      preprocessing: 'unit',
      problem: null,
    });
    expect(found.flat).toMatchObject({
      task: 'detection',
      layout: 'flat',
      preprocessing: 'unit',
      problem: null,
    });
    expect(found.flat.manifest).toMatchObject({
      head: { family: 'yolov8' },
      nms: { iou: 0.6, agnostic: false },
    });
    expect(found.broken.problem).toMatchObject({
      code: 'NETWORK_MANIFEST_INVALID',
      message: expect.stringContaining('threshold') as unknown,
    });
  });

  it('lists what lies there under a name that no network can have, and says which names are allowed', async () => {
    await models.add('colours', { model }, colourManifest());
    await models.add('Tool', { model }, colourManifest());
    await writeFile(inModels('MyNet.onnx'), model);
    await writeFile(inModels('.hidden.onnx'), model);
    await mkdir(inModels('metadata'));
    await mkdir(inModels('Notes'));
    expect(await problems()).toEqual({
      MyNet: 'NETWORK_ID_INVALID',
      Tool: 'NETWORK_ID_INVALID',
      colours: null,
    });
    const [found] = await catalogue.list();
    expect(found.problem?.message).toMatch(/^MyNet\.onnx cannot .* a-z, 0-9, .* Rename it\.$/);
    await expect(catalogue.find({ id: 'MyNet' })).rejects.toMatchObject({ code: 'NETWORK_NOT_FOUND' });
    await expect(catalogue.find({ id: 'metadata' })).rejects.toMatchObject({ kind: 'not_found' });
  });

  it('shows a model file that is missing or of another size, until it is put right', async () => {
    for (const id of ['gone', 'short', 'pointer']) await models.add(id, { model }, colourManifest());
    await rm(inModels('gone', 'model.onnx'));
    await writeFile(inModels('short', 'model.onnx'), model.subarray(1));
    await writeFile(inModels('pointer', 'model.onnx'), 'version https://git-lfs.github.com/spec/v1\n');
    expect(await problems()).toEqual({
      gone: 'NETWORK_FILE_MISSING',
      pointer: 'NETWORK_LFS_POINTER',
      short: 'NETWORK_DIGEST_MISMATCH',
    });
    expect((await catalogue.list()).map(({ version, task }) => [version, task])).toEqual(
      Array.from({ length: 3 }, () => ['1.0.0', 'classification']),
    );
    await expect(catalogue.find({ id: 'gone' })).rejects.toMatchObject({
      code: 'NETWORK_FILE_MISSING',
      kind: 'invalid',
    });
    for (const id of ['gone', 'short', 'pointer']) await writeFile(inModels(id, 'model.onnx'), model);
    expect(await problems()).toEqual({ gone: null, pointer: null, short: null });
  });

  it('finds a model file of the right size and other content, and lists it from then on', async () => {
    await models.add('colours', { model }, colourManifest());
    await catalogue.find({ id: 'colours' });
    await writeFile(inModels('colours', 'model.onnx'), model.with(0, 9));
    await expect(catalogue.find({ id: 'colours' })).rejects.toMatchObject({
      code: 'NETWORK_DIGEST_MISMATCH',
      kind: 'invalid',
    });
    expect(await problems()).toEqual({ colours: 'NETWORK_DIGEST_MISMATCH' });
    await writeFile(inModels('colours', 'model.onnx'), model);
    expect((await catalogue.find({ id: 'colours' })).network.problem).toBeNull();
    expect(await problems()).toEqual({ colours: null });
  });

  it('says of an empty file that it is empty', async () => {
    await mkdir(inModels('metadata'));
    await writeFile(inModels('metadata', 'nothing.json'), '{}');
    await writeFile(inModels('nothing.onnx'), '');
    const [{ problem }] = await catalogue.list();
    expect(problem).toEqual({
      code: 'NETWORK_NOT_ONNX',
      message: 'The file nothing.onnx is empty (0 bytes).',
    });
  });
});
