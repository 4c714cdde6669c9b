import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openZip } from '../../../src/media/zip-reader.js';
import type { ZipLimits } from '../../../src/media/zip-rules.js';
import { hostileZip, zip64Lie } from '../../factories/zip/hostile-zip.js';

const LIMITS: ZipLimits = { maxEntries: 1000, maxTotalBytes: 500e6, maxEntryBytes: 100e6 };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zip-offsets-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function save(name: string, bytes: Buffer): Promise<string> {
  const path = join(folder, `${name}.zip`);
  await writeFile(path, bytes);
  return path;
}

/** Whether this process has the file open (Linux). */
async function isOpen(path: string): Promise<boolean> {
  const descriptors = await readdir('/proc/self/fd');
  const targets = await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return targets.includes(path);
}

/** Offsets that no file has, of those a number holds exactly and of those it does not. */
const OFFSETS = [2n ** 41n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
const PADDINGS = [0, 300];
const CASES = OFFSETS.flatMap((offset) => PADDINGS.map((padding) => [offset, padding] as const));

describe('offsets of 64 bits beyond the archive are answered', () => {
  it.each(CASES)('a ZIP64 end record at %s, %s bytes of padding', async (endAt, padding) => {
    const path = await save('end', Buffer.concat([zip64Lie({ endAt }), Buffer.alloc(padding)]));
    await expect(openZip(path, LIMITS)).rejects.toMatchObject({ code: 'ZIP_CORRUPT' });
    await expect(isOpen(path)).resolves.toBe(false);
  });

  it.each(CASES)('a directory at %s, %s bytes of padding', async (directoryAt, padding) => {
    const zip = Buffer.concat([zip64Lie({ entries: 1n, directoryAt }), Buffer.alloc(padding)]);
    await expect(openZip(await save('directory', zip), LIMITS)).rejects.toMatchObject({
      code: 'ZIP_CORRUPT',
    });
  });

  it.each(CASES)('an entry at %s, %s bytes of padding', async (offset, padding) => {
    const path = await save('entry', Buffer.concat([entryAt(offset), Buffer.alloc(padding)]));
    const archive = await openZip(path, LIMITS);
    try {
      const extracted = archive.extract(archive.entries[0], join(folder, `${offset}-${padding}`));
      await expect(extracted).rejects.toMatchObject({ code: 'ZIP_CORRUPT' });
    } finally {
      archive.close();
    }
  });
});

describe('zip offsets', () => {
  it('an archive with bytes behind its end is read', async () => {
    const zip = hostileZip([{ name: 'a.png', data: Buffer.from('pixels'), method: 8 }]);
    const path = await save('padded', Buffer.concat([zip, Buffer.alloc(300)]));
    const archive = await openZip(path, LIMITS);
    await expect(archive.extract(archive.entries[0], join(folder, 'a.png'))).resolves.toMatchObject({
      bytes: 6,
    });
    archive.close();
  });
});

/** An archive of one entry whose place is told by its ZIP64 field (APPNOTE 4.5.3). */
function entryAt(offset: bigint): Buffer {
  const zip = hostileZip([{ name: 'a.png', data: Buffer.from('pixels') }]);
  const directoryAt = zip.indexOf('PK\x01\x02', 0, 'latin1');
  const endAt = zip.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  const record = Buffer.from(zip.subarray(directoryAt, endAt));
  const field = Buffer.alloc(12);
  field.writeUInt16LE(1, 0);
  field.writeUInt16LE(8, 2);
  field.writeBigUInt64LE(offset, 4);
  record.writeUInt16LE(field.length, 30);
  record.writeUInt32LE(0xffffffff, 42);
  const end = Buffer.from(zip.subarray(endAt));
  end.writeUInt32LE(record.length + field.length, 12);
  return Buffer.concat([zip.subarray(0, directoryAt), record, field, end]);
}
