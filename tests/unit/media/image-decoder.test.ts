import sharp, { type Sharp } from 'sharp';
import type { ImageShape } from '../../../src/domain/preprocessing.js';
import { decodeImage, type ImageLimits } from '../../../src/media/image-decoder.js';

const LIMITS: ImageLimits = {
  maxBytes: 1_000_000,
  maxPixels: 1_000_000,
  maxSide: 2_000,
  timeoutSeconds: 10,
};

const shapeOf = (width: number, height: number, changes: Partial<ImageShape> = {}): ImageShape => ({
  width,
  height,
  channels: 3,
  resize: { rule: 'stretch' },
  interpolation: 'nearest',
  background: [255, 255, 255],
  ...changes,
});

type Rgb = readonly [number, number, number];
const RED: Rgb = [220, 30, 30];
const BLUE: Rgb = [30, 30, 220];

/** Left half one colour, right half another. */
function halves(left: Rgb, right: Rgb, { width = 32, height = 16 } = {}): Sharp {
  const pixels = Buffer.alloc(width * height * 3);
  for (let index = 0; index < width * height; index += 1) {
    pixels.set(index % width < width / 2 ? left : right, index * 3);
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** Grey that grows by two from column to column, from black on the left. */
function ramp(width: number, height: number): Sharp {
  const pixels = Buffer.alloc(width * height).map((_, index) => 2 * (index % width));
  return sharp(pixels, { raw: { width, height, channels: 1 } });
}

const pixel = (pixels: Uint8Array, index: number): number[] => [...pixels.subarray(index * 3, index * 3 + 3)];

function expectNear(found: readonly number[], wanted: readonly number[], tolerance: number): void {
  expect(found).toHaveLength(wanted.length);
  found.forEach((value, index) => expect(Math.abs(value - wanted[index])).toBeLessThanOrEqual(tolerance));
}

describe('uploaded images', () => {
  it.each<[number, Rgb, Rgb]>([
    [1, RED, BLUE],
    [2, BLUE, RED],
    [3, BLUE, RED],
  ])('EXIF orientation %d says which side is left', async (orientation, left, right) => {
    const jpeg = await halves(RED, BLUE).withMetadata({ orientation }).jpeg({ quality: 100 }).toBuffer();
    const { pixels, width, height } = await decodeImage(jpeg, shapeOf(32, 16), LIMITS);
    expect([width, height]).toEqual([32, 16]);
    expectNear(pixel(pixels, 0), left, 12);
    expectNear(pixel(pixels, 31), right, 12);
  });

  it('an image that lies on its side is stood up, and its size is told as it stands', async () => {
    const jpeg = await halves(RED, BLUE).withMetadata({ orientation: 6 }).jpeg({ quality: 100 }).toBuffer();
    const { pixels, width, height } = await decodeImage(jpeg, shapeOf(16, 32), LIMITS);
    expect([width, height]).toEqual([16, 32]);
    // Turned clockwise, the left side is on top.
    expectNear(pixel(pixels, 0), RED, 12);
    expectNear(pixel(pixels, 16 * 31), BLUE, 12);
  });

  it('a large JPEG, shrunk while it is loaded, keeps colours and sides', async () => {
    const jpeg = await halves(RED, BLUE, { width: 1024, height: 512 }).jpeg().toBuffer();
    const { pixels } = await decodeImage(jpeg, shapeOf(64, 32, { interpolation: 'bilinear' }), LIMITS);
    expectNear(pixel(pixels, 64 * 16 + 4), RED, 6);
    expectNear(pixel(pixels, 64 * 16 + 60), BLUE, 6);
  });

  it('what is transparent shows the background, what is half transparent shows half of it', async () => {
    const raw = Buffer.from([200, 0, 0, 0, 200, 0, 0, 128]);
    const png = await sharp(raw, { raw: { width: 2, height: 1, channels: 4 } })
      .png()
      .toBuffer();
    const { pixels } = await decodeImage(png, shapeOf(2, 1, { background: [0, 100, 200] }), LIMITS);
    expectNear(pixel(pixels, 0), [0, 100, 200], 1);
    expectNear(pixel(pixels, 1), [100, 50, 100], 2);
  });

  it('grey becomes three equal channels, and stays itself for a network of one', async () => {
    const grey = await sharp(Buffer.from([10, 200]), { raw: { width: 2, height: 1, channels: 1 } })
      .png()
      .toBuffer();
    const colour = await decodeImage(grey, shapeOf(2, 1), LIMITS);
    expect([...colour.pixels]).toEqual([10, 10, 10, 200, 200, 200]);
    const one = await decodeImage(grey, shapeOf(2, 1, { channels: 1 }), LIMITS);
    expect([...one.pixels]).toEqual([10, 200]);
  });

  it.each(['png', 'jpeg'] as const)(
    'a %s in colour becomes its luma by ITU-R BT.601 for a network of one channel',
    async (format) => {
      const lumas: [Rgb, number][] = [
        [[255, 0, 0], 76],
        [[0, 255, 0], 150],
        [[0, 0, 255], 29],
        [[255, 255, 0], 226],
        [[128, 128, 128], 128],
      ];
      for (const [colour, luma] of lumas) {
        const file = await halves(colour, colour).toFormat(format, { quality: 100 }).toBuffer();
        for (const interpolation of ['nearest', 'bilinear'] as const) {
          const shape = shapeOf(8, 4, { channels: 1, interpolation });
          const { pixels } = await decodeImage(file, shape, LIMITS);
          expectNear([...pixels], Array<number>(32).fill(luma), 1);
        }
      }
    },
  );

  it('16-bit grey, half transparent grey and CMYK keep their brightness for a network of one channel', async () => {
    const one = shapeOf(2, 1, { channels: 1, background: [100, 100, 100] });
    const deep = await sharp(new Uint16Array([0x1010, 0xf0f0]), { raw: { width: 2, height: 1, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect((await sharp(deep).metadata()).depth).toBe('ushort');
    expectNear([...(await decodeImage(deep, one, LIMITS)).pixels], [0x10, 0xf0], 1);
    const veiled = await sharp(Buffer.from([200, 0, 200, 128]), { raw: { width: 2, height: 1, channels: 2 } })
      .png()
      .toBuffer();
    expectNear([...(await decodeImage(veiled, one, LIMITS)).pixels], [100, 150], 2);
    const printed = await halves([60, 60, 60], [190, 190, 190]).toColourspace('cmyk').jpeg().toBuffer();
    const shape = shapeOf(32, 16, { channels: 1 });
    const { pixels } = await decodeImage(printed, shape, LIMITS);
    const { pixels: colours } = await decodeImage(printed, { ...shape, channels: 3 }, LIMITS);
    expectNear([pixels[0], pixels[31]], [60, 190], 25);
    expectNear([pixels[0], pixels[31]], [colours[1], colours[31 * 3 + 1]], 4);
  });

  it('16 bits are scaled to 8, not cut', async () => {
    const raw = new Uint16Array([0x8080, 0x1010, 0xf0f0]);
    const png = await sharp(raw, { raw: { width: 1, height: 1, channels: 3 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    expect((await sharp(png).metadata()).depth).toBe('ushort');
    const { pixels } = await decodeImage(png, shapeOf(1, 1), LIMITS);
    expectNear(pixel(pixels, 0), [0x80, 0x10, 0xf0], 1);
  });

  it('CMYK is turned into the colours that it prints', async () => {
    const jpeg = await halves(RED, BLUE).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(jpeg).metadata()).space).toBe('cmyk');
    const { pixels } = await decodeImage(jpeg, shapeOf(32, 16), LIMITS);
    const [red, blue] = [pixel(pixels, 0), pixel(pixels, 31)];
    expect(red[0]).toBeGreaterThan(red[2] + 80);
    expect(blue[2]).toBeGreaterThan(blue[0] + 80);
  });

  it('a crop takes the middle of the shorter side, a letterbox keeps all and fills the rest', async () => {
    const png = await halves(RED, BLUE).png().toBuffer();
    const crop = { rule: 'crop', shortSide: 16 } as const;
    const cropped = await decodeImage(png, shapeOf(16, 16, { resize: crop }), LIMITS);
    expect(pixel(cropped.pixels, 7)).toEqual([...RED]);
    expect(pixel(cropped.pixels, 8)).toEqual([...BLUE]);
    const fill = [1, 2, 3] as const;
    const letterbox = { rule: 'letterbox', fill } as const;
    const boxed = await decodeImage(png, shapeOf(32, 32, { resize: letterbox }), LIMITS);
    expect(pixel(boxed.pixels, 0)).toEqual([...fill]);
    expect(pixel(boxed.pixels, 32 * 16)).toEqual([...RED]);
    expect(pixel(boxed.pixels, 32 * 31)).toEqual([...fill]);
  });

  it.each([
    [85, 64, 10], // 10.5
    [87, 64, 12], // 11.5
    [117, 60, 28], // 28.5
    [86, 64, 11],
    [67, 64, 2], // 1.5
    [65, 64, 0], // 0.5
  ])(
    'the middle of %d pixels that is %d wide begins at %d: halves go to the even pixel',
    async (long, side, left) => {
      const resize = { rule: 'crop', shortSide: side } as const;
      const ends = [2 * left, 2 * (left + side - 1)];
      for (const format of ['png', 'jpeg'] as const) {
        const lying = await ramp(long, side).toFormat(format, { quality: 100 }).toBuffer();
        const standing = await ramp(long, side).rotate(90).toFormat(format, { quality: 100 }).toBuffer();
        for (const interpolation of ['nearest', 'bilinear'] as const) {
          const wanted = shapeOf(side, side, { resize, interpolation, channels: 1 });
          const { pixels } = await decodeImage(lying, wanted, LIMITS);
          expectNear([pixels[0], pixels[side - 1]], ends, 1);
          const { pixels: turned } = await decodeImage(standing, wanted, LIMITS);
          expectNear([turned[0], turned[side * (side - 1)]], ends, 1);
        }
      }
    },
  );

  it.each(['nearest', 'bilinear', 'bicubic', 'lanczos'] as const)(
    'a letterbox (%s) holds as many columns of a JPEG or a WebP as of the same PNG',
    async (interpolation) => {
      const black = halves([0, 0, 0], [0, 0, 0], { width: 294, height: 642 });
      const resize = { rule: 'letterbox', fill: [255, 255, 255] } as const;
      for (const format of ['png', 'jpeg', 'webp'] as const) {
        const file = await black.clone().toFormat(format, { quality: 100 }).toBuffer();
        const { pixels } = await decodeImage(file, shapeOf(32, 32, { resize, interpolation }), LIMITS);
        // 294 / 642 of 32 are 14.65, so 15 columns; of the 17 others, 8 come before them.
        const columns = Array.from({ length: 32 }, (_, x) => pixel(pixels, 16 * 32 + x)[0] < 128);
        expect([columns.indexOf(true), columns.lastIndexOf(true)]).toEqual([8, 22]);
      }
    },
  );

  it('a JPEG and a WebP shrunk to a third look as the same PNG does', async () => {
    // Stripes of three pixels, which a decoder that halves while it loads turns into others.
    const stripes = Buffer.alloc(192 * 192).map((_, index) => (Math.floor((index % 192) / 3) % 2 ? 200 : 50));
    const image = sharp(stripes, { raw: { width: 192, height: 192, channels: 1 } });
    for (const interpolation of ['bicubic', 'lanczos'] as const) {
      const shape = shapeOf(64, 64, { interpolation });
      const asPng = await decodeImage(await image.clone().png().toBuffer(), shape, LIMITS);
      for (const format of ['jpeg', 'webp'] as const) {
        const file = await image.clone().toFormat(format, { quality: 100, lossless: true }).toBuffer();
        expectNear([...(await decodeImage(file, shape, LIMITS)).pixels], [...asPng.pixels], 3);
      }
    }
  });

  it("a grey image's letterbox has the colour that it was given", async () => {
    const grey = await ramp(2, 1).toColourspace('b-w').png().toBuffer();
    const resize = { rule: 'letterbox', fill: [10, 100, 200] } as const;
    const { pixels } = await decodeImage(grey, shapeOf(2, 2, { resize }), LIMITS);
    expect([...pixels]).toEqual([0, 0, 0, 2, 2, 2, 10, 100, 200, 10, 100, 200]);
  });

  const png = () => halves(RED, BLUE).png().toBuffer();
  it.each<[string, () => Promise<Uint8Array>, string]>([
    ['nothing', async () => new Uint8Array(), 'PICTURE_EMPTY'],
    ['text', async () => Buffer.from('hello, I am an image'), 'PICTURE_TYPE'],
    ['a BMP', async () => Buffer.from('BM6\0\0\0\0\0\0\0\x36\0\0\0', 'latin1'), 'PICTURE_TYPE'],
    [
      'an empty HEIC',
      async () => Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'),
      'PICTURE_CORRUPT',
    ],
    ['half a file', async () => (await png()).subarray(0, 60), 'PICTURE_CORRUPT'],
    ['more bytes than allowed', async () => Buffer.alloc(LIMITS.maxBytes + 1), 'PICTURE_TOO_LARGE'],
    [
      'a side beyond the limit',
      () => halves(RED, BLUE, { width: 2_001, height: 1 }).png().toBuffer(),
      'PICTURE_TOO_LARGE',
    ],
    [
      'more pixels than allowed',
      () => halves(RED, BLUE, { width: 1_001, height: 1_000 }).png().toBuffer(),
      'PICTURE_TOO_LARGE',
    ],
  ])('%s is refused', async (_name, make, code) => {
    await expect(decodeImage(await make(), shapeOf(8, 8), LIMITS)).rejects.toMatchObject({ code });
  });
});
