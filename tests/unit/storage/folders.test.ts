import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  makeFolder,
  makeFolderSync,
  probeWrite,
  requireWritableFolder,
} from '../../../src/storage/folders.js';

let folder: string;
describe('folders', () => {
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'infernode-folders-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('all missing levels are made, and what is there counts as made', async () => {
    const deep = path.join(folder, 'a', 'b', 'c');
    expect(makeFolderSync(deep, 0o700)).toBe(path.join(folder, 'a'));
    expect((await stat(path.join(folder, 'a'))).mode & 0o777).toBe(0o700);
    expect(makeFolderSync(deep)).toBeUndefined();
    await Promise.all([makeFolder(path.join(folder, 'x', 'y')), makeFolder(path.join(folder, 'x', 'z'))]);
    expect((await readdir(path.join(folder, 'x'))).sort()).toEqual(['y', 'z']);
  });

  it('a file in the way is named as the reason, together with the setting', async () => {
    await writeFile(path.join(folder, 'file'), '');
    for (const target of ['file', path.join('file', 'below')]) {
      const setting = { setting: 'MEDIA_DIR', folder: path.join(folder, target) };
      expect(() => requireWritableFolder(setting)).toThrow(/^MEDIA_DIR: .*a part of this path is a file/);
    }
  });

  // /proc has folders in which nothing can be made and says of each child that it does not exist, as some mounts do.
  const onLinux = process.platform === 'linux' ? it : it.skip;

  onLinux('a parent that exists and a child that cannot exist ends with an error', async () => {
    await expect(makeFolder('/proc/x/y')).rejects.toMatchObject({ code: 'ENOENT' });
    expect(() => requireWritableFolder({ setting: 'LOG_DIR', folder: '/proc/x' })).toThrow(
      'LOG_DIR: nothing can be written into /proc/x: it does not exist and cannot be made there.',
    );
  });

  onLinux('a folder that stopped taking files is unwritable, one that takes them keeps nothing', async () => {
    const media = path.join(folder, 'media');
    await mkdir(media);
    await probeWrite(media);
    expect(await readdir(media)).toEqual([]);
    await rm(media, { recursive: true });
    await symlink('/proc', media);
    await expect(probeWrite(media)).rejects.toMatchObject({
      code: 'STORAGE_UNWRITABLE',
      kind: 'unavailable',
    });
  });
});
