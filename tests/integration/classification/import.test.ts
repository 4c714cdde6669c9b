import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { childEnvironment } from '../../../src/config/load.js';
import { colourManifest, colourNetwork } from '../../factories/onnx/colour-network.js';
import { makeModelFolder, type ModelFolder } from '../../factories/onnx/model-folder.js';

const SCRIPT = path.resolve(import.meta.dirname, '..', '..', '..', 'scripts', 'models.js');

describe('npm run models -- import', () => {
  let stick: ModelFolder;
  let root: string;

  beforeAll(async () => {
    stick = await makeModelFolder();
    root = await mkdtemp(path.join(tmpdir(), 'infernode-import-'));
  });
  afterAll(async () => {
    await stick.remove();
    await rm(root, { recursive: true, force: true });
  });

  const importFrom = (folder: string) =>
    new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
      const env = childEnvironment({
        MODELS_DIR: path.join(root, 'models'),
        DATA_DIR: root,
        INFERENCE_DEVICE: 'cpu',
      });
      execFile(
        process.execPath,
        [SCRIPT, 'import', path.join(stick.path, folder)],
        { env },
        (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr }),
      );
    });

  it('a classifier is opened and run before it is installed', async () => {
    await stick.add('colours', { model: colourNetwork() }, colourManifest());
    expect(await importFrom('colours')).toEqual({
      code: 0,
      stdout: 'colours is installed from its own manifest.\n',
      stderr: '',
    });
    expect((await importFrom('colours')).stdout).toBe('colours is installed already.\n');
    await stick.add('two-labels', { model: colourNetwork() }, colourManifest({ labels: ['one', 'two'] }));
    const refused = await importFrom('two-labels');
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toMatch(/^[^\n]*\(LABELS_MISMATCH\)\n$/);
    expect(await readdir(path.join(root, 'models'))).toEqual(['colours']);
  });

  it('what cannot be imported is said in one sentence', async () => {
    await stick.add('broken', { model: colourNetwork() });
    await writeFile(path.join(stick.path, 'broken', 'manifest.json'), '{"id": ');
    for (const folder of ['broken', 'nowhere']) {
      const { code, stderr } = await importFrom(folder);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^[^\n]+\n$/);
    }
  });
});
