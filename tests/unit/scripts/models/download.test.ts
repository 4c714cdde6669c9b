import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { download, type DownloadRequest } from '../../../../scripts/models/download.js';
import { always, broken, serve, whole, type Answer, type FileServer } from './file-server.js';

const content = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 31 + (index >> 8)) & 255);
const sha256 = createHash('sha256').update(content).digest('hex');
const quick = { pauseMs: 1, idleMs: 600_000 };
const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${content.length}\n`;

describe('download', () => {
  let folder: string;
  const servers: FileServer[] = [];
  const start = async (...answers: Answer[]) => {
    const server = await serve(...answers);
    servers.push(server);
    return server;
  };
  const order = (...urls: string[]): DownloadRequest => ({
    urls,
    target: path.join(folder, 'deep', 'file.onnx'),
    bytes: content.length,
    sha256,
  });
  /** Whether the file is there, byte for byte; a matcher would take seconds for so many bytes. */
  const arrived = async (name = 'deep/file.onnx') =>
    (await readFile(path.join(folder, name))).equals(content);

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'infernode-download-'));
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
    await rm(folder, { recursive: true, force: true });
  });

  it('stores the file under its name only when it is whole, and tells how far it is', async () => {
    const server = await start(whole(content));
    const seen: number[] = [];
    await download(order(server.url), { ...quick, onProgress: (bytes) => seen.push(bytes) });
    expect(await arrived()).toBe(true);
    expect(await readdir(path.join(folder, 'deep'))).toEqual(['file.onnx']);
    expect(seen[0]).toBe(0);
    expect(seen.at(-1)).toBe(content.length);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  it('goes on at the byte where the connection broke, without being asked', async () => {
    const first = broken(content, 100_000);
    const server = await start(first.answer, whole(content));
    // Broken once everything that was sent is there, so that the offset is known.
    const onProgress = (bytes: number) => bytes === 100_000 && first.cut();
    await download(order(server.url), { ...quick, onProgress });
    expect(await arrived()).toBe(true);
    expect(server.ranges).toEqual([null, 'bytes=100000-']);
  });

  it('keeps what came for a later call when every try breaks', async () => {
    const first = broken(content, 50_000);
    const onProgress = (bytes: number) => bytes === 50_000 && first.cut();
    const bad = await start(first.answer);
    const failure = download(order(bad.url), { ...quick, tries: 1, onProgress });
    await expect(failure).rejects.toMatchObject({ code: 'DOWNLOAD_INTERRUPTED', kind: 'unavailable' });
    const sound = await start(whole(content));
    await download(order(sound.url), quick);
    expect(await arrived()).toBe(true);
    expect(sound.ranges).toEqual(['bytes=50000-']);
  });

  it('starts again with a server that does not know ranges', async () => {
    const first = broken(content, 70_000);
    const onProgress = (bytes: number) => bytes === 70_000 && first.cut();
    const server = await start(first.answer, always(content));
    await download(order(server.url), { ...quick, onProgress });
    expect(await arrived()).toBe(true);
    expect(server.ranges).toEqual([null, 'bytes=70000-']);
  });

  it('throws a kept part of another file away and fetches the right one', async () => {
    const server = await start(whole(content));
    await download({ ...order(server.url), target: path.join(folder, 'a') }, quick);
    await writeFile(path.join(folder, 'b.part'), new Uint8Array(1000));
    await download({ ...order(server.url), target: path.join(folder, 'b') }, quick);
    expect(await arrived('b')).toBe(true);
    expect(server.ranges).toEqual([null, 'bytes=1000-', null]);
  });

  it('recognises a git-lfs pointer and says whose', async () => {
    const server = await start(always(POINTER));
    await expect(download(order(server.url), quick)).rejects.toMatchObject({
      code: 'DOWNLOAD_GIT_LFS_POINTER',
      message: expect.stringContaining(sha256),
    });
    expect(server.ranges).toHaveLength(1);
    expect(await readdir(path.join(folder, 'deep'))).toEqual([]);
  });

  it('takes the next address when one has a pointer, a page, an error or other bytes', async () => {
    const changed = content.slice();
    changed[150_000] ^= 1;
    const bad = [always(POINTER), always('<!DOCTYPE html><p>sign in'), always('', 404), always(changed)];
    const urls = await Promise.all([...bad, whole(content)].map(async (answer) => (await start(answer)).url));
    await download(order(...urls), quick);
    expect(await arrived()).toBe(true);
  });

  it.each([
    ['one byte that differs', (bytes: Uint8Array) => bytes.with(200_000, bytes[200_000] ^ 1), 'SHA-256'],
    ['one byte too many', (bytes: Uint8Array) => Uint8Array.from([...bytes, 0]), '300000 bytes'],
    ['a web page', () => Buffer.from('\n<html><body>Too many requests'), 'web page'],
  ])('refuses %s and leaves nothing behind', async (_name, change, words) => {
    const server = await start(always(change(content)));
    await expect(download(order(server.url), quick)).rejects.toMatchObject({
      code: 'DOWNLOAD_WRONG_CONTENT',
      message: expect.stringContaining(words),
    });
    expect(await readdir(path.join(folder, 'deep'))).toEqual([]);
  });

  it('tries a busy server again and gives up on one that refuses', async () => {
    const busy = await start(always('', 503), always('', 429), whole(content));
    await download(order(busy.url), quick);
    const gone = await start(always('', 404));
    const other = { ...order(gone.url), target: path.join(folder, 'other') };
    await expect(download(other, quick)).rejects.toMatchObject({
      code: 'DOWNLOAD_REFUSED',
      message: expect.stringContaining('404'),
    });
    expect([busy.ranges.length, gone.ranges.length]).toEqual([3, 1]);
  });

  it('gives a silent server up', async () => {
    const silent = await start(() => undefined);
    const failure = download(order(silent.url), { ...quick, idleMs: 30, tries: 2 });
    await expect(failure).rejects.toMatchObject({ code: 'DOWNLOAD_INTERRUPTED' });
    expect(silent.ranges).toHaveLength(2);
  });

  it('says what to do without internet', async () => {
    const closed = await start(always(''));
    await closed.close();
    servers.length = 0;
    await expect(download(order(closed.url), quick)).rejects.toMatchObject({
      code: 'DOWNLOAD_OFFLINE',
      message: expect.stringContaining('models import'),
    });
  });
});
