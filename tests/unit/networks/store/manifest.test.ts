import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { networkIdentity, readManifest } from '../../../../src/networks/store/manifest.js';
import { readNetworkFile } from '../../../../src/networks/store/network-files.js';
import { makeModelFolder, type ModelFolder } from '../../../factories/onnx/model-folder.js';
import { addModel, denseModel } from '../../../factories/onnx/sample-models.js';

let models: ModelFolder;
beforeEach(async () => {
  models = await makeModelFolder();
});
afterEach(() => models.remove());

const manifestOf = (id: string) => readManifest(join(models.path, id), id);
const read = async (id: string, file: string) =>
  readNetworkFile(join(models.path, id), await manifestOf(id), file);

describe('a manifest', () => {
  it('is read with fields of its own kind kept', async () => {
    await models.add('sum', { add: addModel() }, { labels: ['a', 'b'] });
    expect(await manifestOf('sum')).toMatchObject({ id: 'sum', version: '1.0.0', labels: ['a', 'b'] });
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['another id than its folder', { id: 'other' }, /its id is other/],
    ['no files', { files: {} }, /names no file/],
    [
      'a path that leaves the folder',
      { files: { x: { path: '../x.onnx', sha256: '0'.repeat(64), bytes: 1 } } },
      /plain file name/,
    ],
    ['a digest that is none', { files: { x: { path: 'x.onnx', sha256: 'abc', bytes: 1 } } }, /sha256/],
    ['no licence', { licence: '' }, /licence/],
  ])('with %s is refused', async (_what, changes, message) => {
    await models.add('sum', { add: addModel() }, changes);
    await expect(manifestOf('sum')).rejects.toMatchObject({
      code: 'NETWORK_MANIFEST_INVALID',
      message: expect.stringMatching(message),
    });
  });

  it('that is not JSON is refused', async () => {
    await mkdir(join(models.path, 'bad'));
    await writeFile(join(models.path, 'bad', 'manifest.json'), '{"id": ');
    await expect(manifestOf('bad')).rejects.toMatchObject({ code: 'NETWORK_MANIFEST_INVALID' });
  });

  it('that is missing means there is no such network', async () => {
    await expect(manifestOf('nothing')).rejects.toMatchObject({
      code: 'NETWORK_NOT_FOUND',
      kind: 'not_found',
    });
  });
});

describe('a network file', () => {
  beforeEach(() => models.add('sum', { add: addModel(), dense: denseModel() }));

  it('is handed out as it lies there', async () => {
    expect(Buffer.from(await read('sum', 'dense')).equals(denseModel())).toBe(true);
  });

  it('with one byte more is refused, naming both digests', async () => {
    await appendFile(join(models.path, 'sum', 'add.onnx'), '\0');
    await expect(read('sum', 'add')).rejects.toMatchObject({
      code: 'NETWORK_DIGEST_MISMATCH',
      details: { expected: createHash('sha256').update(addModel()).digest('hex'), found: expect.any(String) },
    });
    expect((await read('sum', 'dense')).length).toBe(denseModel().length);
  });

  it('that is a git-lfs pointer is called one', async () => {
    await writeFile(
      join(models.path, 'sum', 'add.onnx'),
      'version https://git-lfs.github.com/spec/v1\noid sha256:0\n',
    );
    await expect(read('sum', 'add')).rejects.toMatchObject({
      message: expect.stringContaining('git-lfs pointer'),
    });
  });

  it('that is not listed or not there is not found', async () => {
    await rm(join(models.path, 'sum', 'add.onnx'));
    await expect(read('sum', 'add')).rejects.toMatchObject({ code: 'NETWORK_NOT_FOUND' });
    await expect(read('sum', 'toString')).rejects.toMatchObject({ code: 'NETWORK_NOT_FOUND' });
  });
});

describe('manifest', () => {
  it('identity changes with any file and not with their order', async () => {
    await models.add('sum', { add: addModel(), dense: denseModel() });
    await models.add('mus', { dense: denseModel(), add: addModel() });
    await models.add('one', { add: addModel() });
    const [sum, mus, one] = await Promise.all(['sum', 'mus', 'one'].map(manifestOf));
    expect(networkIdentity(sum).sha256).toBe(networkIdentity(mus).sha256);
    expect(networkIdentity(one).sha256).toBe(createHash('sha256').update(addModel()).digest('hex'));
    const changed = {
      ...sum,
      files: { ...sum.files, dense: { ...sum.files.dense, sha256: 'f'.repeat(64) } },
    };
    expect(networkIdentity(changed).sha256).not.toBe(networkIdentity(sum).sha256);
  });
});
