import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { checkNetworks } from '../../../src/composition/readiness.js';

let folder: string;
describe('readiness', () => {
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'infernode-ready-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('flat networks alone are networks', async () => {
    await writeFile(path.join(folder, 'mobilenet.onnx'), 'any');
    await mkdir(path.join(folder, 'metadata'));
    await expect(checkNetworks(folder)).resolves.toBeUndefined();
  });

  it('a folder without any network is not ready, whatever else lies in it', async () => {
    await mkdir(path.join(folder, 'metadata'));
    await writeFile(path.join(folder, 'notes.txt'), 'any');
    await writeFile(path.join(folder, '.onnx'), 'any');
    await expect(checkNetworks(folder)).rejects.toThrow(`There is no network in ${folder}.`);
  });
});
