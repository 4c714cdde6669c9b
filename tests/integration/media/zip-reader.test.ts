import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path, { join } from 'node:path';
import { openZip } from '../../../src/media/zip-reader.js';
import type { ZipLimits } from '../../../src/media/zip-rules.js';
import { writeZip } from '../../../src/media/zip-writer.js';
import {
  hostileZip,
  zip64Lie,
  type ArchiveLies,
  type HostileEntry,
} from '../../factories/zip/hostile-zip.js';

const LIMITS: ZipLimits = { maxEntries: 1000, maxTotalBytes: 500e6, maxEntryBytes: 100e6 };
const MB = 1024 * 1024;
let folder: string;
let zips = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zips-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function save(bytes: Buffer): Promise<string> {
  zips += 1;
  const path = join(folder, `${zips}.zip`);
  await writeFile(path, bytes);
  return path;
}

/** Places of the offsets in the directory and the end record. */
function offsetsOf(zip: Buffer): number[] {
  const places = [zip.length - 6];
  for (
    let at = zip.indexOf('PK\x01\x02', 0, 'latin1');
    at >= 0;
    at = zip.indexOf('PK\x01\x02', at + 1, 'latin1')
  )
    places.push(at + 42);
  return places;
}

const png = Buffer.from('not really an image');
const file = (name: string | Buffer): HostileEntry => ({ name, data: png });

describe('refused by the directory alone', () => {
  const cases: [what: string, code: string, entries: readonly HostileEntry[], lies?: ArchiveLies][] = [
    ['a name that climbs', 'ZIP_BAD_PATH', [file('../../evil.png')]],
    ['an absolute name', 'ZIP_BAD_PATH', [file('/etc/evil.png')]],
    ['backslashes', 'ZIP_BAD_PATH', [file('..\\..\\evil.png')]],
    ['a drive', 'ZIP_BAD_PATH', [file('C:\\evil.png')]],
    ['a drive with a slash', 'ZIP_BAD_PATH', [file('c:/evil.png')]],
    ['.. in the middle', 'ZIP_BAD_PATH', [file('g1/../../evil.png')]],
    ['a NUL', 'ZIP_BAD_PATH', [file('g1/a.png\0.exe')]],
    ['2000 folders', 'ZIP_BAD_PATH', [file(`${'a/'.repeat(2000)}x.png`)]],
    ['a name of 60 KB', 'ZIP_BAD_PATH', [file('x'.repeat(60_000))]],
    ['an empty name', 'ZIP_BAD_PATH', [file('')]],
    [
      'a symbolic link',
      'ZIP_LINK',
      [{ name: 'link', data: Buffer.from('/etc/passwd'), externalAttributes: 0o120777 * 65536 }],
    ],
    ['a device', 'ZIP_LINK', [{ name: 'null', externalAttributes: 0o020666 * 65536 }]],
    ['a strongly encrypted entry', 'ZIP_ENCRYPTED', [{ ...file('a.png'), flags: 0x41 }]],
    [
      '4 GB declared, 2 KB there',
      'ZIP_TOO_LARGE',
      [{ name: 'a', data: Buffer.alloc(2048, 1), method: 8, declaredBytes: 0xfffffff0 }],
    ],
    ['no entry', 'ZIP_EMPTY', []],
    ['folders only', 'ZIP_EMPTY', [{ name: 'a/' }, { name: 'b/' }]],
    ['more entries claimed than the file could hold', 'ZIP_CORRUPT', [file('a.png')], { entryCount: 60_000 }],
  ];
  it.each(cases)('%s: %s', async (_what, code, entries, lies: ArchiveLies = {}) => {
    const path = await save(hostileZip(entries, lies));
    await expect(openZip(path, LIMITS)).rejects.toMatchObject({ name: 'AppError', code });
  });

  it.each([
    ['ZIP64 with 2^40 entries', () => zip64Lie()],
    ['the last 40 bytes missing', () => hostileZip([file('a.png'), file('b.png')]).subarray(0, -40)],
    ['nothing but a signature', () => Buffer.from('PK\x03\x04garbage', 'latin1')],
  ])('%s: ZIP_CORRUPT', async (_what, make) => {
    await expect(openZip(await save(make()), LIMITS)).rejects.toMatchObject({
      code: 'ZIP_CORRUPT',
      kind: 'invalid',
    });
  });

  it('a flat bomb: 100 entries of 10 MB zeros, each within its own limit', async () => {
    const zeros = Buffer.alloc(10 * MB);
    const entries = Array.from({ length: 100 }, (_, n) => ({ name: `${n}.png`, data: zeros, method: 8 }));
    const refusal = openZip(await save(hostileZip(entries)), LIMITS);
    await expect(refusal).rejects.toMatchObject({ code: 'ZIP_TOO_LARGE', kind: 'too_large' });
  });

  it('an overlapping bomb: 900 names for the same megabyte, and a small one of three', async () => {
    const data = Buffer.alloc(MB);
    for (let n = 0; n < MB; n += 1) data[n] = (n * n) >> 8;
    const names = Array.from({ length: 900 }, (_, n) => ({ name: `${n}.png`, data, method: 8, crc: 1 }));
    const path = await save(hostileZip(names, { overlap: true }));
    await expect(openZip(path, LIMITS)).rejects.toMatchObject({ code: 'ZIP_TOO_LARGE' });
    const few = await save(hostileZip(names.slice(0, 3), { overlap: true }));
    await expect(openZip(few, LIMITS)).rejects.toMatchObject({ code: 'ZIP_CORRUPT' });
  });

  it('65 534 entries, told from the end record without walking them', async () => {
    const entries = Array.from({ length: 65_534 }, (_, n) => ({ name: `${n}` }));
    const bytes = hostileZip(entries);
    // A broken first record: a reader that walks would say ZIP_CORRUPT before it knew the count.
    bytes.write('XX', bytes.indexOf('PK\x01\x02', 0, 'latin1'), 'latin1');
    await expect(openZip(await save(bytes), LIMITS)).rejects.toMatchObject({
      code: 'ZIP_TOO_MANY',
      kind: 'too_large',
    });
  });

  it('one part of an archive in several says so', async () => {
    const bytes = hostileZip([file('a.png')]);
    bytes.writeUInt16LE(2, bytes.length - 18);
    await expect(openZip(await save(bytes), LIMITS)).rejects.toMatchObject({
      code: 'ZIP_SPLIT',
      message: expect.stringMatching(/join/),
    });
  });
});

describe('entries that are refused alone', () => {
  const other = { name: 'a.png', data: Buffer.from('another image') };
  const cases: [what: string, code: string, reason: RegExp, entries: readonly HostileEntry[]][] = [
    ['a text-direction character', 'BAD_NAME', /U\+202E/, [file('a\u202egnp.exe')]],
    ['a left-to-right mark', 'BAD_NAME', /U\+200E/, [file('a\u200e.png')]],
    ['a bell', 'BAD_NAME', /U\+0007/, [file('a\x07.png')]],
    ['encryption', 'ZIP_ENCRYPTED', /password/, [{ ...file('a.png'), flags: 1 }]],
    ['encryption by AES', 'ZIP_ENCRYPTED', /password/, [{ ...file('a.png'), flags: 1, method: 99 }]],
    ['LZMA', 'ZIP_METHOD', /LZMA/, [{ ...file('a.png'), method: 14 }]],
    ['Deflate64', 'ZIP_METHOD', /Deflate64/, [{ ...file('a.png'), method: 9 }]],
    ['Zstandard', 'ZIP_METHOD', /Zstandard/, [{ ...file('a.png'), method: 93 }]],
    ['the second of two equal files', 'ZIP_DUPLICATE', /several/, [file('a.png')]],
    ['the same name in another Unicode form', 'ZIP_DUPLICATE', /several/, [file('\u00e9.png')]],
  ];
  it.each(cases)('%s: %s', async (_what, code, reason, entries) => {
    const first = code === 'ZIP_DUPLICATE' ? [file('a.png'), file('e\u0301.png')] : [file('good.png')];
    const zip = await openZip(await save(hostileZip([...first, ...entries])), LIMITS);
    zip.close();
    expect(zip.entries.flatMap(({ unusable }) => (unusable ? [unusable] : []))).toEqual([
      { code, reason: expect.stringMatching(reason), addedByProgram: false },
    ]);
    expect(zip.entries.at(-1)?.unusable).toBeDefined();
  });

  it('both of two different files of one name', async () => {
    const zip = await openZip(await save(hostileZip([file('a.png'), other, file('b.png')])), LIMITS);
    zip.close();
    expect(zip.entries.map(({ unusable }) => unusable?.code)).toEqual([
      'ZIP_DUPLICATE',
      'ZIP_DUPLICATE',
      undefined,
    ]);
  });

  it('are named with their odd characters escaped', async () => {
    const zip = await openZip(await save(hostileZip([file('a\u202egnp\x1b[31m.exe')])), LIMITS);
    zip.close();
    expect(zip.entries[0].name).toBe('a\\u{202e}gnp\\u{1b}[31m.exe');
  });
});

describe('refused while unpacking, leaving no file', () => {
  const cases: readonly (readonly [string, HostileEntry])[] = [
    ['a wrong checksum', { name: 'a.png', data: png, crc: 12345 }],
    ['a wrong checksum of deflated data', { name: 'a.png', data: png, method: 8, crc: 12345 }],
    ['less data than declared', { name: 'a.png', data: png, method: 8, declaredBytes: 4000 }],
    ['deflated data that is none', { ...file('a.png'), method: 8, data: Buffer.alloc(0), declaredBytes: 5 }],
  ];
  it.each(cases)('%s', async (_what, entry) => {
    const zip = await openZip(await save(hostileZip([entry])), LIMITS);
    const target = join(folder, 'out');
    await expect(zip.extract(zip.entries[0], target)).rejects.toMatchObject({
      code: 'ZIP_CORRUPT',
      kind: 'invalid',
    });
    zip.close();
    expect(await readdir(folder)).not.toContain('out');
  });

  it('50 MB behind a declared size of 1000 bytes: stops within 64 KB', async () => {
    const entry = { name: 'a.png', data: Buffer.alloc(50 * MB, 'x'), method: 8, declaredBytes: 1000 };
    const zip = await openZip(await save(hostileZip([entry])), LIMITS);
    const before = process.resourceUsage().fsWrite;
    await expect(zip.extract(zip.entries[0], join(folder, 'out'))).rejects.toMatchObject({
      code: 'ZIP_CORRUPT',
    });
    zip.close();
    expect((process.resourceUsage().fsWrite - before) * 512).toBeLessThan(64 * 1024);
    expect(await readdir(folder)).not.toContain('out');
  });
});

describe('names', () => {
  const namesOf = async (entries: readonly HostileEntry[]) => {
    const zip = await openZip(await save(hostileZip(entries)), LIMITS);
    zip.close();
    return zip.entries.map(({ name, unusable }) => (unusable ? [name, unusable.reason] : name));
  };
  /** Without the flag that says UTF-8. */
  const plain = (...names: (string | Buffer)[]) => names.map((name) => ({ ...file(name), flags: 0 }));

  it.each([
    ['UTF-8 of macOS, which does not say so', plain('Grün.png', '猫.png'), ['Grün.png', '猫.png']],
    [
      'joiners, marks and emoji',
      [file('می\u200cخواهم.png'), file('👩\u200d💻 desk.png'), file('की.png')],
      ['می\u200cخواهم.png', '👩\u200d💻 desk.png', 'की.png'],
    ],
    [
      'a dot for the folder itself',
      [{ name: './' }, file('./cat.jpg'), file('a/./b.jpg')],
      ['cat.jpg', 'a/b.jpg'],
    ],
    ['case alone that differs', [file('Cat.jpg'), file('cat.jpg')], ['Cat.jpg', 'cat.jpg']],
    ['a colon', [file('a:b.jpg')], ['a:b.jpg']],
    ['seven folders', [file('a/b/c/d/e/f/g/x.png')], ['a/b/c/d/e/f/g/x.png']],
    ['backslashes of Windows', [{ ...file('Shoot\\cat.png'), madeBy: 0 }], ['Shoot/cat.png']],
    ['a Unicode path field', [{ ...file('cat.png'), flags: 0, unicodePath: '猫.png' }], ['猫.png']],
    [
      'a Unicode path field of another name',
      [{ ...file('cat.png'), flags: 0, unicodePath: '猫.png', unicodePathOf: 'dog.png' }],
      ['cat.png'],
    ],
  ] as [string, readonly HostileEntry[], string[]][])('%s', async (_what, entries, names) => {
    expect(await namesOf(entries)).toEqual(names);
  });

  // Bytes written by Python's codecs, as the programs of those systems write them.
  it.each([
    ['CP866', ['8aaee2', '8caee1aaa2a020323031395fada5a1ae'], ['Кот', 'Москва 2019_небо']],
    ['Windows-1251', ['caeef2', 'd1eee1e0eae0'], ['Кот', 'Собака']],
    ['Windows-1256', ['dec8c9', 'c7e1d5e6d1c9'], ['قبة', 'الصورة']],
    ['Big5', ['bfdf', 'b7d3a4f9'], ['貓', '照片']],
    ['EUC-KR', ['b0edbee7c0cc', 'bbe7c1f8'], ['고양이', '사진']],
    ['Shift-JIS', ['944c82cc8eca905e', '94 4c'], ['猫の写真', '猫']],
    ['GBK', ['c3a8b5c4d5d5c6ac', 'c3a8'], ['猫的照片', '猫']],
    ['CP437', ['4772816e', '907482', '6e69a46f'], ['Grün', 'Été', 'niño']],
    ['CP850', ['53c66f205061756c6f', '4b9b62656e6861766e'], ['São Paulo', 'København']],
    ['Windows-1252', ['636166e9', '4772fc6e'], ['café', 'Grün']],
  ])('%s without saying so: guessed, with a warning', async (codePage, hex, names) => {
    const ending = Buffer.from('.png');
    const raw = hex.map((digits) => Buffer.concat([Buffer.from(digits.replaceAll(' ', ''), 'hex'), ending]));
    const zip = await openZip(await save(hostileZip(plain('a.png', ...raw))), LIMITS);
    zip.close();
    expect(zip.entries.map(({ name }) => name)).toEqual(['a.png', ...names.map((name) => `${name}.png`)]);
    expect(zip.warnings).toEqual([
      `NAME_ENCODING_GUESSED: ${names.length} names in the ZIP do not say the encoding and were read as ${codePage}.`,
    ]);
  });

  it('that cannot be used are refused alone', async () => {
    const entries = [
      file('a.png'),
      file('Notes '),
      file('b.png.'),
      file('g/CON.png'),
      file('x\\y.png'),
      file(Buffer.from([0x61, 0xff, 0xfe])),
    ];
    expect(await namesOf(entries)).toEqual([
      'a.png',
      ['Notes ', expect.stringMatching(/Windows/)],
      ['b.png.', expect.stringMatching(/Windows/)],
      ['g/CON.png', expect.stringMatching(/Windows/)],
      ['x\\y.png', expect.stringMatching(/backslash/)],
      ['a??', expect.stringMatching(/not valid text/)],
    ]);
  });

  it('of what programs add count for no limit', async () => {
    const images = Array.from({ length: 5 }, (_, n) => `P/${n}.png`);
    const doubles = images.map((name) => `__MACOSX/P/._${path.basename(name)}`);
    const more = ['P/.DS_Store', 'Thumbs.db', 'P/desktop.ini', 'P/Icon\r'];
    const archive = await save(hostileZip([...images, ...doubles, ...more].map(file)));
    const zip = await openZip(archive, { ...LIMITS, maxEntries: 5 });
    zip.close();
    expect(zip.entries.filter(({ unusable }) => !unusable).map(({ name }) => name)).toEqual(images);
    await expect(openZip(archive, { ...LIMITS, maxEntries: 4 })).rejects.toMatchObject({
      code: 'ZIP_TOO_MANY',
    });
  });
});

describe('good archives', () => {
  it.each([
    ['zeros at the end', (zip: Buffer) => Buffer.concat([zip, Buffer.alloc(100)])],
    [
      'a page of a web server at the end',
      (zip: Buffer) => Buffer.concat([zip, Buffer.from('<!-- 12 ms -->')]),
    ],
    ['a marker of archives in parts', (zip: Buffer) => Buffer.concat([Buffer.from('PK00'), zip])],
  ])('with %s are read', async (_what, change) => {
    const entries = [file('a.png'), { ...file('b.png'), method: 8 }];
    const bytes = change(hostileZip(entries));
    if (bytes[2] === 0x30)
      for (const at of offsetsOf(bytes)) bytes.writeUInt32LE(bytes.readUInt32LE(at) + 4, at);
    const zip = await openZip(await save(bytes), LIMITS);
    const target = join(folder, 'padded');
    await zip.extract(zip.entries[1], target);
    zip.close();
    expect(await readFile(target)).toEqual(png);
    await rm(target);
  });

  it('written as streams and as ZIP64 by Python are read', async () => {
    const script = [
      'import io, sys, zipfile',
      'class Pipe(io.RawIOBase):',
      '  def __init__(self): self.data = b""',
      '  def writable(self): return True',
      '  def write(self, data): self.data += bytes(data); return len(data)',
      'pipe = Pipe()',
      'z = zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED)',
      'for name in ("a.png", "b.png"):',
      '  with z.open(name, "w", force_zip64=True) as entry: entry.write(b"not really an image")',
      'z.close(); open(sys.argv[1], "wb").write(pipe.data)',
    ].join('\n');
    const archive = join(folder, 'streamed.zip');
    execFileSync('python3', ['-c', script, archive]);
    const zip = await openZip(archive, LIMITS);
    const target = join(folder, 'streamed');
    await zip.extract(zip.entries[1], target);
    expect(await readFile(target)).toEqual(png);
    zip.close();
  });

  it('are unpacked into the given files, whatever their names and local headers say', async () => {
    const entries = [
      { name: 'g/' },
      { ...file('g/image_1.png'), localName: '../../zz.png' },
      { name: 'g/ünï.txt', data: Buffer.from('text'), method: 8 },
    ];
    const zip = await openZip(await save(hostileZip(entries)), LIMITS);
    expect(zip.entries.map(({ name }) => name)).toEqual(['g/image_1.png', 'g/ünï.txt']);
    const target = join(folder, 'unpacked');
    const expected = { bytes: png.length, sha256: createHash('sha256').update(png).digest('hex') };
    expect(await zip.extract(zip.entries[0], target)).toEqual(expected);
    expect(await readFile(target)).toEqual(png);
    await expect(zip.extract(zip.entries[1], target)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(target)).toEqual(png);
    zip.close();
  });

  it('made by the zip writer are read by Python and by the reader alike', async () => {
    const source = join(folder, 'source.csv');
    await writeFile(source, 'frame,vx\n'.repeat(5000));
    const path = join(folder, 'written.zip');
    const members = [
      { name: 'velocities.csv', path: source },
      { name: 'matches/a.png', content: png },
      { name: 'result.json', content: '{"µ":1}' },
    ];
    const written = await writeZip(path, members, { modified: new Date('2026-01-02T03:04:06Z') });
    const bytes = await readFile(path);
    expect(written).toEqual({
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
    expect(bytes.length).toBeLessThan(5000);
    const script =
      'import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); print(z.testzip(), [(i.filename, i.file_size, i.compress_type) for i in z.infolist()])';
    expect(execFileSync('python3', ['-c', script, path], { encoding: 'utf8' }).trim()).toBe(
      `None [('velocities.csv', 45000, 8), ('matches/a.png', ${png.length}, 0), ('result.json', 8, 8)]`,
    );
    const zip = await openZip(path, LIMITS);
    expect(zip.entries.map(({ name, bytes: size }) => [name, size])).toEqual([
      ['velocities.csv', 45_000],
      ['matches/a.png', png.length],
      ['result.json', 8],
    ]);
    zip.close();
  });

  it('are equal byte for byte when the time stamp is', async () => {
    const members = [{ name: 'a.json', content: '{}' }];
    const options = { modified: new Date('2026-01-02T03:04:06Z') };
    const [one, two] = [join(folder, 'one.zip'), join(folder, 'two.zip')];
    expect((await writeZip(one, members, options)).sha256).toBe(
      (await writeZip(two, members, options)).sha256,
    );
  });
});

describe('a zip that cannot be written', () => {
  it('leaves no file when a member is missing', async () => {
    const path = join(folder, 'failed.zip');
    const members = [
      { name: 'a.txt', content: 'a' },
      { name: 'b.txt', path: join(folder, 'nowhere.txt') },
    ];
    await expect(writeZip(path, members)).rejects.toThrow(/ENOENT/);
    expect(await readdir(folder)).not.toContain('failed.zip');
  });

  it('leaves no file when it is aborted', async () => {
    const path = join(folder, 'aborted.zip');
    const signal = AbortSignal.abort(new Error('cancelled'));
    await expect(writeZip(path, [{ name: 'a.txt', content: 'a' }], { signal })).rejects.toThrow('cancelled');
    expect(await readdir(folder)).not.toContain('aborted.zip');
  });

  it('leaves no file when it is aborted while it is written', async () => {
    for (let round = 0; round < 50; round += 1) {
      const abort = new AbortController();
      const written = writeZip(
        join(folder, 'halted.zip'),
        [{ name: 'a.txt', content: 'a'.repeat(100_000) }],
        {
          signal: abort.signal,
        },
      );
      setImmediate(() => abort.abort(new Error('cancelled')));
      const failure = await written.then(
        () => null,
        (error: unknown) => error,
      );
      // The archive may have been whole just before.
      if (failure === null) continue;
      expect(failure).toMatchObject({ message: 'cancelled' });
      expect(await readdir(folder)).not.toContain('halted.zip');
    }
  });
});
