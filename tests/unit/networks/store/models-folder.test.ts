import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkModelsFolder } from '../../../../src/networks/store/check-models-folder.js';
import { ModelsFolder } from '../../../../src/networks/store/models-folder.js';
import { makeModelFolder, type ModelFolder } from '../../../factories/onnx/model-folder.js';
import { addModel } from '../../../factories/onnx/sample-models.js';

let models: ModelFolder;
beforeEach(async () => {
  models = await makeModelFolder();
});
afterEach(() => models.remove());

const put = async (...parts: string[]): Promise<void> => {
  await mkdir(join(models.path, ...parts.slice(0, -1)), { recursive: true });
  await writeFile(join(models.path, ...parts), '{}');
};

describe('names in the models folder', () => {
  it('are told apart from what else lies there', async () => {
    await models.add('sum', { add: addModel() });
    await put('flat.onnx');
    await put('empty', 'notes.txt');
    await put('metadata', 'flat.json');
    await put('.incoming-1', 'manifest.json');
    await put('notes.txt');
    await put('Upper.onnx');
    await put('a b', 'manifest.json');
    await put('c d', 'notes.txt');
    const entries = await new ModelsFolder(models.path).entries();
    expect(entries.map(({ name, layout, valid }) => `${name} ${layout} ${String(valid)}`).sort()).toEqual([
      'Upper.onnx flat false',
      'a b folder false',
      'empty folder true',
      'flat.onnx flat true',
      'sum folder true',
    ]);
  });

  it('lead to every version, and to the flat file only without a folder', async () => {
    await models.add('sum', { add: addModel() });
    await put('sum', 'versions', '2.0.0', 'manifest.json');
    await put('sum', 'versions', '.hidden', 'manifest.json');
    await put('sum.onnx');
    await put('flat.onnx');
    const folder = new ModelsFolder(models.path);
    const places = await Promise.all(['sum', 'flat', 'nothing'].map((id) => folder.places(id)));
    expect(places.map((found) => found.map((place) => [place.layout, place.folder]))).toEqual([
      [
        ['folder', join(models.path, 'sum', 'versions', '2.0.0')],
        ['folder', join(models.path, 'sum')],
      ],
      [['flat', models.path]],
      [],
    ]);
  });
});

describe('the check of the models folder', () => {
  const model = (id: string): string => join(models.path, id, 'add.onnx');

  it('refuses a network of the product whose file is missing or has another size', async () => {
    await models.add('sum', { add: addModel() });
    await expect(checkModelsFolder(models.path)).resolves.toBeUndefined();
    await appendFile(model('sum'), 'x');
    await expect(checkModelsFolder(models.path)).rejects.toMatchObject({ code: 'NETWORK_DIGEST_MISMATCH' });
    await rm(model('sum'));
    await expect(checkModelsFolder(models.path)).rejects.toMatchObject({ code: 'NETWORK_FILE_MISSING' });
  });

  it('does not depend on files that administrators put there', async () => {
    await models.add('sum', { add: addModel() });
    await models.add('named', { add: addModel() }, { task: 'classification' });
    await appendFile(model('named'), 'x');
    await expect(checkModelsFolder(models.path)).resolves.toBeUndefined();
  });

  it('refuses a broken manifest', async () => {
    await put('broken', 'manifest.json');
    await expect(checkModelsFolder(models.path)).rejects.toMatchObject({ code: 'NETWORK_MANIFEST_INVALID' });
  });
});
