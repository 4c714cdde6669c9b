import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { fromBufferPromise, fromRandomAccessReaderPromise, RandomAccessReader, type Entry } from 'yauzl';
import type { ArchiveFile, ArchiveLayout } from '../../../src/domain/dataset-archive.js';
import { openZip } from '../../../src/media/zip-reader.js';
import { endRecords } from '../../../src/media/stored-zip-records.js';
import { StoredZips } from '../../../src/media/stored-zip.js';

const MODIFIED = new Date('2026-05-31T12:34:56Z');
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

interface Counted extends ArchiveFile {
  /** Bytes that were read of it. */
  read: number;
}

function fileOf(name: string, content: Buffer): Counted {
  const { length: bytes } = content;
  return {
    ...{ name, bytes, sha256: digest(content), modified: MODIFIED, read: 0 },
    async *open(range) {
      const part = range ? content.subarray(range.start, range.end + 1) : content;
      this.read += part.length;
      // In uneven pieces, as streams come.
      for (let at = 0; at < part.length; at += 7) yield part.subarray(at, at + 7);
    },
  };
}

async function bytesOf(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

class LayoutReader extends RandomAccessReader {
  readonly #layout: ArchiveLayout;

  constructor(layout: ArchiveLayout) {
    super();
    this.#layout = layout;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#layout.read({ start, end: end - 1 }));
  }
}

async function entriesOf(layout: ArchiveLayout): Promise<Entry[]> {
  const zip = await fromRandomAccessReaderPromise(new LayoutReader(layout), layout.bytes);
  const entries: Entry[] = [];
  for await (const entry of zip.eachEntry()) entries.push(entry);
  return entries;
}

describe('an archive without compression', () => {
  const contents = [Buffer.from('first'), Buffer.alloc(0), Buffer.from('the third, somewhat longer file')];
  const files = (): Counted[] => contents.map((content, index) => fileOf(`media/file_${index}.bin`, content));

  it('is read by another program with names, contents and times', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-zip-'));
    const layout = new StoredZips().layout(files());
    const bytes = await bytesOf(layout.read());
    expect(bytes.length).toBe(layout.bytes);
    const file = path.join(folder, 'stored.zip');
    await writeFile(file, bytes);
    const zip = await openZip(file, { maxEntries: 9, maxEntryBytes: 999, maxTotalBytes: 999 });
    for (const [index, entry] of zip.entries.entries()) {
      expect(entry.name).toBe(`media/file_${index}.bin`);
      const extracted = await zip.extract(entry, path.join(folder, String(index)));
      expect(extracted.sha256).toBe(digest(contents[index]));
    }
    zip.close();
    const [{ lastModFileDate, lastModFileTime }] = await entriesOf(layout);
    expect([lastModFileDate >> 9, (lastModFileDate >> 5) & 15, lastModFileDate & 31]).toEqual([46, 5, 31]);
    expect([lastModFileTime >> 11, (lastModFileTime >> 5) & 63, (lastModFileTime & 31) * 2]).toEqual([
      12, 34, 56,
    ]);
    await rm(folder, { recursive: true });
  });

  it('gives every range the bytes that it has as a whole', async () => {
    const zips = new StoredZips();
    const whole = await bytesOf(zips.layout(files()).read());
    const fresh = new StoredZips().layout(files());
    for (let start = 0; start < whole.length; start += 3)
      for (const length of [1, 5, 40, whole.length]) {
        const end = Math.min(whole.length - 1, start + length - 1);
        const part = await bytesOf(fresh.read({ start, end }));
        expect(part.equals(whole.subarray(start, end + 1))).toBe(true);
      }
  });

  it('reads no file again to continue after it', async () => {
    const zips = new StoredZips();
    const all = files();
    const layout = zips.layout(all);
    const whole = await bytesOf(layout.read());
    for (const file of all) file.read = 0;
    await bytesOf(layout.read({ start: whole.length - 60, end: whole.length - 1 }));
    expect(all.map(({ read }) => read)).toEqual([0, 0, 0]);
  });

  it.each([
    ['shorter', Buffer.from('firs')],
    ['longer', Buffer.from('first!')],
    ['changed', Buffer.from('firsT')],
  ])('fails for a file that is %s than it was', async (_how, content) => {
    const [first] = files();
    const { open } = fileOf(first.name, content);
    const broken = { ...first, open };
    await expect(bytesOf(new StoredZips().layout([broken]).read())).rejects.toMatchObject({
      code: 'MEDIA_DAMAGED',
    });
  });

  it('stops reading when its reader stops', async () => {
    let closed = false;
    const endless: ArchiveFile = {
      ...{ name: 'large', bytes: 2 ** 40, sha256: '', modified: MODIFIED },
      async *open() {
        try {
          for (;;) yield Buffer.alloc(1024);
        } finally {
          closed = true;
        }
      },
    };
    let pieces = 0;
    for await (const piece of new StoredZips().layout([endless]).read()) {
      if (piece.length > 0 && ++pieces > 5) break;
    }
    expect(closed).toBe(true);
  });

  it('uses ZIP64 for large files and places, and a range reads only itself', async () => {
    const zips = new StoredZips();
    const known = Buffer.from('known');
    // The checksum of the large file is known, as after an earlier download.
    const sha256 = digest(known);
    await bytesOf(zips.layout([fileOf('known', known)]).read());
    const bytes = 5 * 2 ** 30;
    const large: ArchiveFile = {
      ...{ name: 'media/video_1.mkv', bytes, sha256, modified: MODIFIED },
      async *open(range) {
        // A reader looks for the end of the archive in the last 64 KiB.
        if (!range || range.end - range.start > 2 ** 16) throw new Error('read completely');
        yield Buffer.alloc(range.end - range.start + 1);
      },
    };
    const layout = zips.layout([large, fileOf('media/mask_1.png', Buffer.from('mask'))]);
    const [first, second] = await entriesOf(layout);
    expect([first.uncompressedSize, second.uncompressedSize]).toEqual([bytes, 4]);
    expect(second.relativeOffsetOfLocalHeader).toBeGreaterThan(bytes);
    const zip = await fromRandomAccessReaderPromise(new LayoutReader(layout), layout.bytes);
    const content = await bytesOf(await zip.openReadStreamPromise(second));
    expect(content.toString()).toBe('mask');
  });

  it('uses ZIP64 for more than 65535 files', async () => {
    const zip = await fromBufferPromise(endRecords({ count: 70_000, offset: 0, bytes: 0 }));
    expect(zip.entryCount).toBe(70_000);
  });
});
