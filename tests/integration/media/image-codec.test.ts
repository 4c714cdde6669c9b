import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync, crc32 } from 'node:zlib';
import sharp from 'sharp';
import { composeImage, encodeImage, renderSvg } from '../../../src/media/image-codec.js';
import { importImage } from '../../../src/media/image-intake.js';

const LIMITS = { maxPixels: 4096 * 4096, maxSide: 8192 };
let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'images-'));
  path = join(folder, 'image');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A PNG by hand: header with any size, then `rows` rows of zeros in 1-bit grey. */
function handmadePng(width: number, height: number, rows: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length, 0);
    frame.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1;
  const data = deflateSync(Buffer.alloc(rows * (1 + Math.ceil(width / 8))));
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

async function pixels(png: Buffer) {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  return {
    ...info,
    at: (x: number, y: number) => [
      ...data.subarray((y * info.width + x) * info.channels, (y * info.width + x) * info.channels + 3),
    ],
  };
}

describe('images of our own', () => {
  const red = { width: 4, height: 2, data: new Uint8Array(4 * 2 * 3).map((_, n) => (n % 3 === 0 ? 255 : 0)) };

  it('are encoded without loss as PNG', async () => {
    const decoded = await pixels(await encodeImage(red));
    expect([decoded.width, decoded.height, decoded.at(3, 1)]).toEqual([4, 2, [255, 0, 0]]);
    const gray = await pixels(await encodeImage({ width: 2, height: 1, data: Uint8Array.of(7, 200) }));
    expect(gray.at(1, 0)[0]).toBe(200);
  });

  it('are encoded as JPEG', async () => {
    const jpeg = await encodeImage(red, { format: 'jpeg', quality: 95 });
    expect((await sharp(jpeg).metadata()).format).toBe('jpeg');
  });

  it('are refused when the bytes are not as many as the size says', async () => {
    await expect(encodeImage({ ...red, height: 3 })).rejects.toThrow(
      '24 bytes do not match an image of 4x3 pixels',
    );
  });

  it('are laid side by side, on white, with a drawing over them', async () => {
    // A view into a larger buffer, as frames from a pipe may be.
    const blue = {
      width: 4,
      height: 2,
      data: Uint8Array.from({ length: 30 }, (_, n) => (n % 3 === 2 ? 255 : 0)).subarray(3, 27),
    };
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="4"><rect x="0" y="1" width="10" height="1" fill="#00ff00"/></svg>';
    const layers = [
      { image: red, left: 0, top: 0 },
      { image: blue, left: 6, top: 0 },
      { svg, left: 0, top: 0 },
    ];
    const composed = await pixels(await composeImage({ width: 10, height: 4, layers }));
    expect([composed.width, composed.height]).toEqual([10, 4]);
    expect(composed.at(0, 0)).toEqual([255, 0, 0]);
    expect(composed.at(9, 0)).toEqual([0, 0, 255]);
    expect(composed.at(5, 0)).toEqual([255, 255, 255]);
    expect(composed.at(0, 1)).toEqual([0, 255, 0]);
    expect(composed.at(0, 3)).toEqual([255, 255, 255]);
  });

  it('are rendered from SVG at their own size or a multiple', async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><rect width="15" height="20" fill="#ff0000"/></svg>';
    const drawn = await pixels(await renderSvg(svg));
    expect([drawn.width, drawn.height, drawn.at(5, 5), drawn.at(25, 5)]).toEqual([
      30,
      20,
      [255, 0, 0],
      [255, 255, 255],
    ]);
    const doubled = await pixels(await renderSvg(svg, 2));
    expect([doubled.width, doubled.height]).toEqual([60, 40]);
  });

  it('cannot pull files into a drawing', async () => {
    await writeFile(path, await encodeImage(red));
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="4" height="2"><image href="file://${path}" width="4" height="2"/></svg>`;
    expect((await pixels(await renderSvg(svg))).at(1, 1)).toEqual([255, 255, 255]);
  });
});

describe('uploaded images', () => {
  const inspect = async (bytes: Buffer) => {
    await writeFile(path, bytes);
    return importImage({ path, target: `${path}.png`, role: 'source', limits: LIMITS });
  };
  const noise = () =>
    sharp({
      create: {
        width: 300,
        height: 200,
        channels: 3,
        background: 'red',
        noise: { type: 'gaussian', mean: 128, sigma: 40 },
      },
    });

  it.each([
    ['16383 x 16383', () => handmadePng(16383, 16383, 10)],
    ['a claim of 65535 x 65535', () => handmadePng(65535, 65535, 1)],
    ['1 x 1 000 000', () => handmadePng(1, 1_000_000, 10)],
  ])('refuses %s by its header', async (_what, make) => {
    await expect(inspect(make())).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE', kind: 'too_large' });
  });

  it.each([
    ['a PNG cut in the middle', async () => (await noise().png().toBuffer()).subarray(0, 60_000)],
    [
      'a JPEG cut in the middle',
      async () => {
        const bytes = await noise().jpeg().toBuffer();
        return bytes.subarray(0, bytes.length / 2);
      },
    ],
    ['a PNG that is only a header', async () => handmadePng(10, 10, 10).subarray(0, 33)],
  ])('refuses %s', async (_what, make) => {
    await expect(inspect(await make())).rejects.toMatchObject({ code: 'IMAGE_CORRUPT', kind: 'invalid' });
  });

  it('refuses an empty file and an SVG, and opens no loader for formats of our own', async () => {
    await expect(inspect(Buffer.alloc(0))).rejects.toMatchObject({ code: 'EMPTY_FILE' });
    await expect(inspect(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'))).rejects.toMatchObject({
      code: 'UNSUPPORTED_TYPE',
    });
    // What libvips itself writes may name other files and memory.
    await writeFile(`${path}.v`, 'not opened');
    await expect(sharp(`${path}.v`).metadata()).rejects.toThrow();
  });
});
