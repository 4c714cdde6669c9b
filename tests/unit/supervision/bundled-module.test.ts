import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bundledModule } from '../../../src/supervision/bundled-module.js';

let folder: string;
const entry = (): string => path.join(folder, 'src', 'engine', 'main.js');
const bundle = (): string => path.join(folder, 'bundles', 'src', 'engine', 'main.js', 'start.cjs');
const record = (): string => path.join(folder, 'bundles', 'src', 'engine', 'main.js', 'inputs.json');

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'infernode-bundle-'));
  await mkdir(path.dirname(entry()), { recursive: true });
  await mkdir(path.dirname(bundle()), { recursive: true });
  await writeFile(entry(), 'import "./part.js";');
  await writeFile(path.join(folder, 'src', 'engine', 'part.js'), 'work();');
  await writeFile(bundle(), 'work();');
  const inputs = ['src/engine/main.js', 'src/engine/part.js'];
  const sha256 = createHash('sha256').update('import "./part.js";work();').digest('hex');
  await writeFile(record(), JSON.stringify({ inputs, sha256 }));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the module that an engine starts with', () => {
  it('is the bundle of its modules', () => {
    expect(bundledModule(entry(), folder)).toBe(bundle());
  });

  it('is the module itself when one of them was compiled again with other content', async () => {
    await writeFile(path.join(folder, 'src', 'engine', 'part.js'), 'workBetter();');
    expect(bundledModule(entry(), folder)).toBe(entry());
  });

  it.each([
    ['there is no bundle', () => rm(path.join(folder, 'bundles'), { recursive: true })],
    ['a module was deleted', () => rm(path.join(folder, 'src', 'engine', 'part.js'))],
    ['the record of the bundle is broken', () => writeFile(record(), '{"inputs":')],
    ['the record of the bundle has another form', () => writeFile(record(), '{"inputs": "main.js"}')],
  ])('is the module itself when %s', async (_, change) => {
    await change();
    expect(bundledModule(entry(), folder)).toBe(entry());
  });
});
