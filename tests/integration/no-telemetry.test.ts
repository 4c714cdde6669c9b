import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/**
 * ONNX Runtime's own reporting keeps an identifier and a queue of events in the home folder and a log in the folder for
 * temporary files before it sends anything: where they stay empty it is off.
 */
const CHILD = fileURLToPath(new URL('./webgpu-child.js', import.meta.url));
const LIBRARY = fileURLToPath(new URL('../../../node_modules/onnxruntime-node/', import.meta.url));
const MODELS = process.env.MODELS_DIR ?? fileURLToPath(new URL('../../../models', import.meta.url));

let folder: string;
describe('no telemetry', () => {
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-telemetry-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Runs node with empty folders of its own and returns the names of what it left there. */
  async function leftBehind(name: string, args: readonly string[]): Promise<string[]> {
    const places = { HOME: path.join(folder, name, 'home'), TMPDIR: path.join(folder, name, 'tmp') };
    for (const place of Object.values(places)) await mkdir(place, { recursive: true });
    // Nothing else is inherited: the library also stays silent where a variable names a CI system.
    await promisify(execFile)(process.execPath, args, { env: { PATH: process.env.PATH, ...places } });
    const entries = await readdir(path.join(folder, name), { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  }

  it('a network runs without a trace of reports to the maker of the runtime', async () => {
    expect(await leftBehind('ours', [CHILD, MODELS, JSON.stringify({ device: 'cpu' })])).toEqual([]);
  });

  it('the library by itself would report, so the test above can fail', async () => {
    const load = `import(${JSON.stringify(path.join(LIBRARY, 'dist/index.js'))})
    .then(({ default: { InferenceSession } }) => InferenceSession.create(${JSON.stringify(path.join(MODELS, 'cns/goal.onnx'))}))`;
    const names = await leftBehind('library', ['--input-type=module', '--eval', load]);
    // Only the Linux and macOS builds of the library do; elsewhere there is nothing to switch off.
    if (process.platform === 'linux') expect(names).not.toEqual([]);
  });
});
