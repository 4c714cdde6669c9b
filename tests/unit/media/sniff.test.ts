import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { IMAGE_TYPES, sniffFile, VIDEO_TYPES } from '../../../src/media/sniff.js';
import { hostileZip } from '../../factories/zip/hostile-zip.js';

/** A pack header of MPEG-2 without stuffing, and the beginning of a packet of video. */
const PACK = '000001ba440004000401000003f8';
const VIDEO = `000001e00800${'00'.repeat(20)}`;

let folder: string;
let path: string;
describe('sniff', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sniff-'));
    path = join(folder, 'upload.mp4');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const image = () => sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } });
  const box = (type: string, content: string) => {
    const bytes = Buffer.from(`....${type}${content}`, 'latin1');
    bytes.writeUInt32BE(bytes.length, 0);
    return bytes;
  };

  it.each([
    ['png', () => image().png().toBuffer()],
    ['jpeg', () => image().jpeg().toBuffer()],
    ['zip', () => hostileZip([{ name: 'a.txt' }])],
    ['zip', () => hostileZip([])],
    ['zip', () => hostileZip([{ name: 'mimetype', data: Buffer.from('application/epub+zip') }])],
    ['mp4', () => box('ftyp', 'isom\0\0\0\0isom')],
    ['mov', () => box('ftyp', 'qt  \0\0\0\0qt  ')],
    ['avi', () => Buffer.from('RIFF\0\0\0\0AVI LIST', 'latin1')],
  ])('knows a %s by its first bytes', async (type, make) => {
    await writeFile(path, await make());
    expect(await sniffFile(path, [...VIDEO_TYPES, ...IMAGE_TYPES, 'zip'])).toBe(type);
  });

  /** Packets of a transport stream of which the first one is cut. */
  const packets = (bytes: number, first: number, count: number) => {
    const stream = Buffer.alloc(first + count * bytes, 0xff);
    for (let at = first; at < stream.length; at += bytes) stream[at] = 0x47;
    return stream;
  };

  it.each<[string, Buffer, string]>([
    ['188-byte packets, 97 bytes missing', packets(188, 91, 30), 'ts'],
    ['M2TS, cut within the time stamp', packets(192, 2, 30), 'ts'],
    ['packets with error correction', packets(204, 200, 30), 'ts'],
    ['a pack of MPEG-2 after the rest of another', Buffer.from(`ff00ff${PACK}${VIDEO}`, 'hex'), 'mpg'],
    ['packets without a pack', Buffer.from(`ff000001e00008${'00'.repeat(8)}${VIDEO}`, 'hex'), 'mpg'],
  ])('knows a recording that begins anywhere: %s', async (_, bytes, type) => {
    await writeFile(path, bytes);
    expect(await sniffFile(path, VIDEO_TYPES)).toBe(type);
  });

  it.each<[string, Buffer]>([
    ['one byte in four packets', packets(188, 91, 4)],
    ['packets of which one is out of step', Buffer.concat([packets(188, 91, 10), packets(188, 3, 10)])],
    ['a pack alone', Buffer.from(`ff00ff${PACK}${'ff'.repeat(20)}`, 'hex')],
    [
      'start codes of a bare video',
      Buffer.from(`000001b3${'11'.repeat(30)}00000100${'22'.repeat(30)}`, 'hex'),
    ],
  ])('does not take other bytes for one: %s', async (_, bytes) => {
    await writeFile(path, bytes);
    await expect(sniffFile(path, VIDEO_TYPES)).rejects.toMatchObject({ code: 'UNSUPPORTED_TYPE' });
  });

  it.each([
    ['gif', () => image().gif().toBuffer()],
    ['webp', () => image().webp().toBuffer()],
    ['tif', () => image().tiff().toBuffer()],
    ['an SVG drawing', () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['a TGA image', () => Buffer.from('000002000000000000000000c80096001800', 'hex')],
    ['a TGA image', () => Buffer.from('00010100000001180000000010001000080000', 'hex')],
    ['a cursor file', () => Buffer.from('00000200010020200000000000003001000016000000', 'hex')],
    ['an icon file', () => Buffer.from('00000100010020200000000000003001000016000000', 'hex')],
    ['a PNM image', () => Buffer.from('P6\n2 2\n255\n............')],
    ['a Radiance HDR image', () => Buffer.from('#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n')],
    ['an OpenEXR image', () => Buffer.from('762f310102000000', 'hex')],
    ['a Photoshop file', () => Buffer.from('8BPS\0\x01', 'latin1')],
    ['an EPS or PostScript drawing', () => Buffer.from('%!PS-Adobe-3.0 EPSF-3.0')],
    ['a PDF document', () => Buffer.from('%PDF-1.7')],
    ['a JPEG XL image', () => Buffer.from('ff0a1111', 'hex')],
    ['a camera raw image', () => Buffer.from('II*\0\x10\0\0\0CR\x02\0', 'latin1')],
    ['a camera raw image', () => Buffer.from('FUJIFILMCCD-RAW 0201')],
    ['xml', () => Buffer.from('<?xml version="1.0"?><note/>')],
    ['markup', () => Buffer.from('  <html><script>alert(1)</script>')],
    ['plain text', () => Buffer.from('hello')],
    ['unknown', () => Buffer.from([0, 1, 2, 3])],
    [
      'gif',
      async () =>
        Buffer.concat([await image().gif().toBuffer(), Buffer.alloc(100), hostileZip([{ name: 'a' }])]),
    ],
  ])('refuses %s and says so', async (found, make) => {
    await writeFile(path, await make());
    const refusal = sniffFile(path, ['png', 'jpeg', 'zip']);
    await expect(refusal).rejects.toMatchObject({ code: 'UNSUPPORTED_TYPE', kind: 'unsupported_type' });
    await expect(refusal).rejects.toThrow(found);
    await expect(refusal).rejects.toThrow('supported here: png, jpeg, zip');
  });

  const TO_MP4 = '-c:v libx264 -crf 18 -pix_fmt yuv420p -c:a aac output.mp4';
  const AS_ZIP = 'unpack it and make a ZIP of what is inside';

  it.each<[string, string, Buffer]>([
    [
      'a Windows Media video (WMV or ASF)',
      `ffmpeg -i input.wmv ${TO_MP4}`,
      signature('3026b2758e66cf11a6d9'),
    ],
    ['a Flash video (FLV)', `ffmpeg -i input.flv ${TO_MP4}`, signature('464c560105')],
    ['an Ogg video', `ffmpeg -i input.ogv ${TO_MP4}`, oggWith('\x80theora')],
    ['a RealMedia video', `ffmpeg -i input.rm ${TO_MP4}`, signature('2e524d46')],
    ['a raw VP8, VP9 or AV1 stream (IVF)', `ffmpeg -i input.ivf ${TO_MP4}`, Buffer.from('DKIF\0\0 \0VP80')],
    ['a raw MPEG-1 or MPEG-2 stream', `ffmpeg -i input.m2v ${TO_MP4}`, signature('000001b3140f0013')],
    ['a raw DV stream', `ffmpeg -i input.dv ${TO_MP4}`, signature('1f07003f')],
    [
      'a raw video (YUV4MPEG2)',
      `ffmpeg -i input.y4m ${TO_MP4}`,
      Buffer.from('YUV4MPEG2 W16 H16 F25:1\nFRAME\n'),
    ],
    ['a raw H.264 or HEVC stream', `ffmpeg -i input.h264 ${TO_MP4}`, signature('0000000167640028')],
    ['a 7-Zip archive', AS_ZIP, signature('377abcaf271c0004')],
    ['a RAR archive', AS_ZIP, signature('526172211a0700')],
    [
      'a tar archive',
      AS_ZIP,
      Buffer.concat([Buffer.alloc(257), Buffer.from('ustar\x0000'), Buffer.alloc(248)]),
    ],
    ['a gzip archive', AS_ZIP, gzipSync('hello')],
    ['an XZ archive', AS_ZIP, signature('fd377a585a00')],
  ])('names %s and a way out', async (name, advice, content) => {
    await writeFile(path, content);
    await expect(sniffFile(path, VIDEO_TYPES)).rejects.toMatchObject({
      code: 'UNSUPPORTED_TYPE',
      message: expect.stringMatching(
        `^The file contains ${escaped(name)}.*${escaped(advice)}; supported here`,
      ) as string,
    });
  });

  it('refuses a type that is known but not wanted here', async () => {
    await writeFile(path, await image().png().toBuffer());
    await expect(sniffFile(path, VIDEO_TYPES)).rejects.toThrow('The file contains png');
  });
});

function signature(hex: string): Buffer {
  return Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(64)]);
}

/** The first page of an Ogg file with a stream that begins so. */
function oggWith(start: string): Buffer {
  return Buffer.concat([
    Buffer.from('OggS'),
    Buffer.alloc(24),
    Buffer.from(start, 'latin1'),
    Buffer.alloc(64),
  ]);
}

function escaped(text: string): string {
  return text.replaceAll(/[()+.]/g, String.raw`\$&`);
}
