import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { folderHolder, lockFolder } from '../../../src/lifecycle/folder-lock.js';

let folder: string;
describe('folder lock', () => {
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'infernode-lock-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const inUse = { code: 'DATA_FOLDER_IN_USE' };

  /** Another process that takes the folder and keeps it. */
  async function lockElsewhere() {
    const module = pathToFileURL(path.resolve('dist', 'src', 'lifecycle', 'folder-lock.js')).href;
    const code = `const { lockFolder } = await import('${module}');
    (await lockFolder('${folder}')).announce('http://127.0.0.1:1');
    console.log('locked');
    setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    return child;
  }

  it('a data folder that is made can be listed by its owner alone; one that exists keeps its mode', async () => {
    const made = path.join(folder, 'new', 'data');
    (await lockFolder(made)).release();
    // Others may at most pass through it, which PostgreSQL has to where root started the server.
    expect((await stat(made)).mode & 0o066).toBe(0);
    await chmod(folder, 0o755);
    (await lockFolder(folder)).release();
    expect((await stat(folder)).mode & 0o777).toBe(0o755);
  });

  it('of two starts at the same moment one gets the folder', async () => {
    const outcomes = await Promise.allSettled([lockFolder(folder), lockFolder(folder)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: inUse });
  });

  it('a second process learns process and address of the first, by whatever path; kill -9 frees the folder', async () => {
    const holder = await lockElsewhere();
    const alias = `${folder}-alias`;
    await symlink(folder, alias);
    const expected = { ...inUse, details: { pid: holder.pid, url: 'http://127.0.0.1:1' } };
    await expect(lockFolder(alias)).rejects.toMatchObject(expected);
    expect(folderHolder(alias)).toEqual({ pid: holder.pid, url: 'http://127.0.0.1:1' });
    const exited = once(holder, 'exit');
    holder.kill('SIGKILL');
    await exited;
    expect(folderHolder(folder)).toBeNull();
    const lock = await lockFolder(folder);
    expect(folderHolder(folder)).toEqual({ pid: process.pid, url: null });
    lock.release();
    await rm(alias);
  });

  it('a note of a process that is gone, or whose number another one has now, holds nothing', async () => {
    const file = path.join(folder, 'server.lock');
    await writeFile(file, JSON.stringify({ pid: process.pid, startedAt: '1', url: 'http://127.0.0.1:1' }));
    expect(folderHolder(folder)).toBeNull();
    const lock = await lockFolder(folder);
    lock.announce('http://127.0.0.1:2');
    expect(folderHolder(folder)).toEqual({ pid: process.pid, url: 'http://127.0.0.1:2' });
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ pid: process.pid });
    lock.release();
    expect(folderHolder(folder)).toBeNull();
  });
});
