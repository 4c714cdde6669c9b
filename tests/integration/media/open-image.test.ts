import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import type { ImageShape } from '../../../src/domain/preprocessing.js';
import { hdrOf } from '../../../src/media/hdr-image.js';
import { decodeImage } from '../../../src/media/image-decoder.js';
import { importImage } from '../../../src/media/image-intake.js';
import * as jpegs from '../../factories/images/odd-jpegs.js';
import * as pngs from '../../factories/images/odd-pngs.js';

const WIDTH = 200;
const HEIGHT = 150;
/** Of lossy formats; of a grey image it is 60. */
const MAX_ERROR = 9;
const LIMITS = { maxPixels: 1_000_000, maxSide: 4000 };
const SHAPE: ImageShape = {
  width: WIDTH,
  height: HEIGHT,
  channels: 3,
  resize: { rule: 'stretch' },
  interpolation: 'bilinear',
  background: [0, 0, 0],
};
/** An AVIF file that begins with another brand, as animations and some encoders write it. */
function withMajorBrand(content: Buffer, brand: string): Buffer {
  const changed = Buffer.from(content);
  changed.write(brand, 8, 'latin1');
  return changed;
}

let folder: string;
let count = 0;

describe('open image', () => {
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'odd-images-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** A ramp with a pattern: every part of it can be told from every other. */
  function scene(): Sharp {
    const data = Buffer.alloc(WIDTH * HEIGHT * 3);
    for (let pixel = 0; pixel < WIDTH * HEIGHT; pixel += 1) {
      const [x, y] = [pixel % WIDTH, Math.floor(pixel / WIDTH)];
      data.set([x, y, ((x >> 3) + (y >> 3)) % 2 === 0 ? 40 : 210], 3 * pixel);
    }
    return sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
  }

  const jpeg = (options = {}) =>
    scene()
      .jpeg({ quality: 92, ...options })
      .toBuffer();
  const png = () => scene().png().toBuffer();
  const avif = () => scene().avif({ quality: 80 }).toBuffer();

  /** Takes an image in as an upload. */
  async function take(content: Buffer) {
    const file = path.join(folder, String((count += 1)));
    await writeFile(file, content);
    const target = `${file}.png`;
    const taken = await importImage({ path: file, target, role: 'source', limits: LIMITS });
    return {
      ...taken,
      pixels: await sharp(await readFile(target))
        .removeAlpha()
        .raw()
        .toBuffer(),
    };
  }

  const classify = (content: Buffer) =>
    decodeImage(content, SHAPE, { ...LIMITS, maxBytes: 2 ** 20, timeoutSeconds: 20 });

  /** Mean difference from the scene, over the rows from `top` on. */
  async function errorOf(pixels: Uint8Array, top = 0): Promise<number> {
    const wanted = await scene().raw().toBuffer();
    let sum = 0;
    for (let at = top * WIDTH * 3; at < wanted.length; at += 1) sum += Math.abs(wanted[at] - pixels[at]);
    return sum / (wanted.length - top * WIDTH * 3);
  }

  type Case = readonly [what: string, make: () => Promise<Buffer>, warning: RegExp | null];

  const cases: readonly Case[] = [
    [
      'a JPEG with zero scan parameters',
      async () => jpegs.withZeroScanParameters(await jpeg()),
      /scan parameters/,
    ],
    ['a JPEG with stray bytes', async () => jpegs.withStrayBytes(await jpeg()), /Extra bytes/],
    ['a JPEG without its end marker', async () => jpegs.cutBy(await jpeg(), 2), /end marker/],
    [
      'a progressive JPEG without its end marker',
      async () => jpegs.cutBy(await jpeg({ progressive: true }), 2),
      /end marker/,
    ],
    ['a JPEG cut by eight bytes', async () => jpegs.cutBy(await jpeg(), 8), /cut off: 0\.\d+ %/],
    [
      'a progressive JPEG cut by eight bytes',
      async () => jpegs.cutBy(await jpeg({ progressive: true }), 8),
      /cut off: 0\.\d+ %/,
    ],
    ['a JPEG with trailers', async () => jpegs.withTrailer(await jpeg()), null],
    [
      'a JPEG with a thumbnail',
      async () =>
        jpegs.withThumbnail(
          await jpeg(),
          await sharp(await jpeg())
            .resize(40)
            .jpeg()
            .toBuffer(),
        ),
      null,
    ],
    [
      'a JPEG that a download reserved space for',
      async () => Buffer.concat([jpegs.cutBy(await jpeg(), 2), Buffer.alloc(4000)]),
      /end marker/,
    ],
    ['an interlaced PNG', () => scene().png({ progressive: true }).toBuffer(), null],
    ['a 16-bit PNG', () => scene().toColourspace('rgb16').png().toBuffer(), /8 bits/],
    ['a PNG with a bad comment', async () => pngs.withBadComment(await png()), /tEXt .*wrong checksum/],
    ['an animated PNG', async () => pngs.asAnimation(await png(), 3), /first of 3/],
    ['a PNG with bytes behind its end', async () => Buffer.concat([await png(), Buffer.alloc(20)]), null],
    ['a PNG without its end', async () => jpegs.cutBy(await png(), 12), /end of the PNG/],
    ['a PNG cut by ten bytes of pixels', async () => jpegs.cutBy(await png(), 26), /end of the PNG/],
    ['a WebP', () => scene().webp({ quality: 90 }).toBuffer(), null],
    ['a lossless WebP', () => scene().webp({ lossless: true }).toBuffer(), null],
    ['an AVIF', avif, null],
    ['an animated AVIF', async () => withMajorBrand(await avif(), 'avis'), /animated; only its first frame/],
    ['an AVIF with its profile as brand', async () => withMajorBrand(await avif(), 'MA1B'), null],
    [
      'a tiled TIFF with LZW',
      () => scene().tiff({ compression: 'lzw', tile: true, tileWidth: 64, tileHeight: 64 }).toBuffer(),
      null,
    ],
    [
      'a 16-bit TIFF',
      () => scene().toColourspace('rgb16').tiff({ compression: 'deflate' }).toBuffer(),
      /8 bits/,
    ],
    ['an image in Display P3', () => scene().withIccProfile('p3').png().toBuffer(), /profile .*P3.* to sRGB/],
  ];

  it.each(cases)('%s is taken whole, everywhere', async (_what, make, warning) => {
    const content = await make();
    const [taken, classified] = [await take(content), await classify(content)];
    for (const { width, height, warnings, pixels } of [taken, classified]) {
      expect([width, height]).toEqual([WIDTH, HEIGHT]);
      expect(await errorOf(pixels)).toBeLessThan(MAX_ERROR);
      expect(warnings).toEqual(
        warning === null ? [] : expect.arrayContaining([expect.stringMatching(warning)]),
      );
    }
  });

  it.each(['gif', 'webp', 'tiff'] as const)(
    'the first frame of an animated %s is taken, with a warning',
    async (format) => {
      const others = await Promise.all(
        ['black', 'white'].map((background) =>
          sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background } })
            .png()
            .toBuffer(),
        ),
      );
      const frames = sharp([await png(), ...others], { join: { animated: true } });
      const content = await frames.toFormat(format, { lossless: true, compression: 'lzw' }).toBuffer();
      for (const { pixels, warnings } of [await take(content), await classify(content)]) {
        // A GIF has 256 colours.
        expect(await errorOf(pixels)).toBeLessThan(format === 'gif' ? 12 : 2);
        expect(warnings).toEqual([expect.stringMatching('Only the first of 3')]);
      }
    },
  );

  it('each EXIF orientation shows the same upright image', async () => {
    const turns = {
      1: [0, false],
      2: [0, true],
      3: [180, false],
      4: [180, true],
      5: [270, true],
      6: [270, false],
      7: [90, true],
      8: [90, false],
    } as const;
    for (const [orientation, [angle, mirrored]] of Object.entries(turns)) {
      // The camera's image is the scene turned the other way.
      const upright = mirrored ? sharp(await scene().flop().png().toBuffer()) : scene();
      const stored = await upright.rotate(angle).png().toBuffer();
      const content = await sharp(stored)
        .withMetadata({ orientation: Number(orientation) })
        .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
        .toBuffer();
      for (const { width, height, pixels } of [await take(content), await classify(content)]) {
        expect([orientation, width, height]).toEqual([orientation, WIDTH, HEIGHT]);
        expect(await errorOf(pixels)).toBeLessThan(MAX_ERROR);
      }
    }
  });

  it('of a progressive JPEG whose last scan was cut in its middle not everything is there', async () => {
    const content = jpegs.withScanCutAt(await jpeg({ progressive: true }), 0.5);
    await expect(take(content)).rejects.toMatchObject({ code: 'IMAGE_CORRUPT' });
  });

  it.each<[string, () => Promise<Buffer>]>([
    ['a JPEG of which a tenth is missing', async () => jpegs.withScanCutAt(await jpeg(), 0.9)],
    [
      'a JPEG of which only the last row of blocks is missing',
      async () => jpegs.withScanCutAt(await jpeg({ chromaSubsampling: '4:4:4' }), 0.96),
    ],
    [
      'the same with an end marker',
      async () =>
        Buffer.concat([
          jpegs.withScanCutAt(await jpeg({ chromaSubsampling: '4:4:4' }), 0.96),
          Buffer.from([0xff, 0xd9]),
        ]),
    ],
    ['half a progressive JPEG', async () => (await jpeg({ progressive: true })).subarray(0, 3000)],
    [
      'a JPEG with nonsense in its middle',
      async () => {
        const bytes = await jpeg();
        bytes.fill(0xfe, 3000, 3400);
        return bytes;
      },
    ],
    ['half a PNG', async () => (await png()).subarray(0, 300)],
    ['half a WebP', async () => (await scene().webp().toBuffer()).subarray(0, 700)],
    ['half an AVIF', async () => (await scene().avif().toBuffer()).subarray(0, 1000)],
    ['half a TIFF', async () => (await scene().tiff({ compression: 'none' }).toBuffer()).subarray(0, 40_000)],
  ])('%s is refused', async (_what, make) => {
    const content = await make();
    await expect(take(content)).rejects.toMatchObject({ code: 'IMAGE_CORRUPT', kind: 'invalid' });
    await expect(classify(content)).rejects.toMatchObject({ code: 'PICTURE_CORRUPT', kind: 'invalid' });
  });

  it.each<[string, () => Promise<Buffer>, RegExp]>([
    ['a JPEG of 12 bits', async () => jpegs.asTwelveBits(await jpeg()), /12 bits a sample/],
    ['a BMP', async () => Buffer.from('BM6\0\0\0\0\0\0\0\x36\0\0\0', 'latin1'), /BMP.*convert it to JPEG/],
  ])('%s is refused with what to do', async (_what, make, text) => {
    const content = await make();
    await expect(take(content)).rejects.toMatchObject({
      code: 'UNSUPPORTED_TYPE',
      kind: 'unsupported_type',
      message: expect.stringMatching(text),
    });
    await expect(classify(content)).rejects.toMatchObject({
      code: 'PICTURE_TYPE',
      message: expect.stringMatching(text),
    });
  });

  it('of a JPEG that was cut by a sliver, uploads and requests tell the same share', async () => {
    const content = jpegs.withScanCutAt(await jpeg({ chromaSubsampling: '4:4:4' }), 0.995);
    const { warnings } = await take(content);
    expect(warnings.at(-1)).toMatch(/^The file is cut off: 0\.\d+ % of the image are missing\.$/);
    expect((await classify(content)).warnings).toEqual(warnings);
  });

  /** A TIFF in which an entry of its directory has another tag or value. */
  async function tiffWith(tag: number, change: { tag?: number; value?: number }): Promise<Buffer> {
    const bytes = await scene().tiff({ compression: 'none' }).toBuffer();
    const directory = bytes.readUInt32LE(4);
    for (let entry = directory + 2; ; entry += 12) {
      if (bytes.readUInt16LE(entry) !== tag) continue;
      if (change.tag !== undefined) bytes.writeUInt16LE(change.tag, entry);
      // Three numbers do not fit into the entry.
      const at = bytes.readUInt32LE(entry + 4) > 2 ? bytes.readUInt32LE(entry + 8) : entry + 8;
      if (change.value !== undefined) bytes.writeUInt16LE(change.value, at);
      return bytes;
    }
  }

  it.each<[string, () => Promise<Buffer>, RegExp]>([
    ['in Lab', () => tiffWith(262, { value: 8 }), /CIE L\*a\*b\* colours.*save it in RGB/],
    ['as a DNG', () => tiffWith(296, { tag: 50_706 }), /DNG image.*export it as JPEG/],
    ['of a sensor', () => tiffWith(262, { value: 32_803 }), /camera raw image.*export it/],
    [
      'with another compression',
      () => tiffWith(259, { value: 50_000 }),
      /compression Zstandard.*LZW or Deflate/,
    ],
    ['with an unknown compression', () => tiffWith(259, { value: 4711 }), /compression method 4711/],
    ['in YCbCr without JPEG', () => tiffWith(262, { value: 6 }), /YCbCr colours.*save it in RGB/],
    ['with signed samples', () => tiffWith(339, { value: 2 }), /8-bit signed samples.*unsigned/],
  ])('a TIFF %s is refused by what it is', async (_what, make, text) => {
    const content = await make();
    const refusal = { kind: 'unsupported_type', message: expect.stringMatching(text) };
    await expect(take(content)).rejects.toMatchObject(refusal);
    await expect(classify(content)).rejects.toMatchObject(refusal);
  });

  it('a PNG for Apple devices alone is refused by what it is', async () => {
    const image = await png();
    const chunk = Buffer.from('0000000443674249500020022bd5b37f', 'hex');
    await expect(take(Buffer.concat([image.subarray(0, 8), chunk, image.subarray(8)]))).rejects.toMatchObject(
      {
        kind: 'unsupported_type',
        message: expect.stringMatching(/Apple devices \(CgBI\).*usual PNG/),
      },
    );
  });

  it('high dynamic range is told of AVIF and PNG', async () => {
    const image = await png();
    const chunk = Buffer.from([0, 0, 0, 4, ...Buffer.from('cICP'), 9, 16, 0, 1, 0, 0, 0, 0]);
    chunk.writeUInt32BE(crc32(chunk.subarray(4, 12)), 12);
    const { warnings } = await take(Buffer.concat([image.subarray(0, 33), chunk, image.subarray(33)]));
    expect(warnings).toEqual([expect.stringMatching(/high dynamic range \(PQ\)/)]);
    const property = Buffer.from('\0\0\0\x13colrnclx\0\x09\0\x12\0\x09\x80', 'latin1');
    expect(hdrOf(property, 'avif')).toMatch(/\(HLG\)/);
    expect(hdrOf(await scene().avif().toBuffer(), 'avif')).toBeNull();
  });
});
