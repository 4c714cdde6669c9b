import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TempFolders } from '../../../src/storage/temp-folders.js';

const DAY = 24 * 3600 * 1000;
let root: string;
let folders: TempFolders;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'temps-'));
  folders = new TempFolders(root);
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function changeOwner(path: string, change: Record<string, unknown>): Promise<void> {
  const file = join(path, '.owner');
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), ...change }));
}

async function deadPid(): Promise<number> {
  const child = spawn('true');
  await once(child, 'exit');
  return child.pid ?? 0;
}

describe('temp folders', () => {
  it('makes <root>/<kind>/<id> and removes it with its content', async () => {
    const folder = await folders.create('attempts', 'job-1');
    expect(folder.path).toBe(join(root, 'attempts', 'job-1'));
    await writeFile(folder.file('frames.bin'), 'x');
    await folder.remove();
    await folder.remove();
    expect(await readdir(join(root, 'attempts'))).toEqual([]);
  });

  it('starts empty where an earlier owner left something', async () => {
    const first = await folders.create('attempts', 'job-1');
    await writeFile(first.file('old'), 'x');
    const second = await folders.create('attempts', 'job-1');
    expect(await readdir(second.path)).toEqual(['.owner']);
  });

  it('takes plain names only', async () => {
    for (const name of ['..', 'a/b', '', '.hidden', 'a\0']) {
      await expect(folders.create('uploads', name)).rejects.toThrow(TypeError);
      await expect(folders.create(name, 'id')).rejects.toThrow(TypeError);
    }
    const folder = await folders.create('uploads', 'id');
    expect(folder.file('../../escape')).toBe(join(folder.path, 'escape'));
  });
});

describe('sweep', () => {
  it('removes what dead processes left and keeps what living ones use', async () => {
    const living = await folders.create('uploads', 'living');
    const dead = await folders.create('uploads', 'dead');
    await changeOwner(dead.path, { pid: await deadPid() });
    expect(await folders.sweep()).toBe(1);
    expect(await readdir(join(root, 'uploads'))).toEqual(['living']);
    await living.remove();
  });

  it('is not fooled by a pid that another process got', async () => {
    const folder = await folders.create('attempts', 'reused');
    await changeOwner(folder.path, { startedAt: '1' });
    expect(await folders.sweep()).toBe(1);
  });

  it('leaves folders of other machines for a day', async () => {
    const folder = await folders.create('attempts', 'elsewhere');
    await changeOwner(folder.path, { host: 'another-machine' });
    expect(await folders.sweep()).toBe(0);
    expect(await folders.sweep(Date.now() + 2 * DAY)).toBe(1);
  });

  it('leaves a folder that is just being made, and takes a ruin', async () => {
    await mkdir(join(root, 'attempts', 'new'), { recursive: true });
    expect(await folders.sweep()).toBe(0);
    expect(await folders.sweep(Date.now() + DAY)).toBe(1);
  });

  it('finds nothing where there is no root', async () => {
    expect(await new TempFolders(join(root, 'nowhere')).sweep()).toBe(0);
  });
});
