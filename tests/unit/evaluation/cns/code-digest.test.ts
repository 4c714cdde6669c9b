import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { digestOf } from '../../../../evaluation/cns/confidence/code-digest.js';

describe('digest of code', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'infernode-digest-'));
    await mkdir(path.join(root, 'code', 'deep'), { recursive: true });
    await writeFile(path.join(root, 'code', 'a.js'), 'a');
    await writeFile(path.join(root, 'code', 'deep', 'b.js'), 'b');
  });
  afterEach(() => rm(root, { recursive: true }));
  const digest = (except: string[] = []): Promise<string> => digestOf({ root, paths: ['code'], except });

  it('changes with the content and the names of files, at any depth', async () => {
    const before = await digest();
    expect(await digest()).toBe(before);
    await writeFile(path.join(root, 'code', 'deep', 'b.js'), 'c');
    const changed = await digest();
    expect(changed).not.toBe(before);
    await writeFile(path.join(root, 'code', 'deep', 'c.js'), '');
    expect(await digest()).not.toBe(changed);
  });

  it('does not change with exceptions and source maps', async () => {
    const except = [path.join('code', 'deep')];
    const before = await digest(except);
    await writeFile(path.join(root, 'code', 'deep', 'b.js'), 'c');
    await writeFile(path.join(root, 'code', 'a.js.map'), '{}');
    expect(await digest(except)).toBe(before);
  });
});
