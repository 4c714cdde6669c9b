import sharp from 'sharp';
import { decodeGreyFrame, type GreyFrameOptions } from '../../../src/media/grey-frame.js';
import type { Size } from '../../../src/vision/image/image.js';

const limits = { maxBytes: 2 ** 20, maxPixels: 10_000, maxSide: 1000, timeoutSeconds: 600 };
const whole: GreyFrameOptions = { limits, sizeOf: (size) => size };
const raw = (format: 'gray8' | 'rgb24' | 'yuy2', size: Size, bytes: readonly number[]) => ({
  format,
  size,
  bytes: Uint8Array.from(bytes),
});
const encoded = (bytes: Uint8Array) => ({ format: 'jpeg' as const, size: null, bytes });

/** Black on the left, white on the right. */
const halves = (width: number, height: number) =>
  sharp(
    Uint8Array.from({ length: width * height }, (_, i) => (i % width < width / 2 ? 0 : 255)),
    {
      raw: { width, height, channels: 1 },
    },
  );

describe('a raw frame', () => {
  it.each([
    ['of grey', raw('gray8', { width: 3, height: 1 }, [0, 77, 255]), [0, 77, 255]],
    // 0.299 R + 0.587 G + 0.114 B.
    ['of colours', raw('rgb24', { width: 3, height: 1 }, [255, 0, 0, 0, 255, 0, 9, 9, 9]), [76, 150, 9]],
    // 16 is black, 235 white; what lies beyond is cut off.
    [
      'of a camera',
      raw('yuy2', { width: 4, height: 1 }, [16, 1, 235, 2, 126, 3, 250, 4]),
      [0, 255, 128, 255],
    ],
  ])('%s has its brightness', async (_, frame, expected) => {
    const { image, source } = await decodeGreyFrame(frame, whole);
    expect([...image.data]).toEqual(expected);
    expect(source).toEqual(frame.size);
  });

  it('is resized, and never shares its memory', async () => {
    const bytes = new Uint8Array(1000).fill(9).subarray(100, 500);
    const frame = { format: 'gray8', size: { width: 40, height: 10 }, bytes } as const;
    for (const sizeOf of [(size: Size) => size, () => ({ width: 20, height: 5 })]) {
      const { image } = await decodeGreyFrame(frame, { limits, sizeOf });
      expect(image.data).toHaveLength(image.width * image.height);
      expect(image.data.buffer.byteLength).toBe(image.data.length);
      expect(new Set(image.data)).toEqual(new Set([9]));
    }
  });

  it('is refused above the limits of images', async () => {
    const frame = {
      format: 'gray8',
      size: { width: 200, height: 100 },
      bytes: new Uint8Array(20_000),
    } as const;
    await expect(decodeGreyFrame(frame, whole)).rejects.toMatchObject({ code: 'PICTURE_TOO_LARGE' });
  });
});

describe('an encoded frame', () => {
  it.each(['jpeg', 'png', 'webp'] as const)('is what its content says, and upright: %s', async (format) => {
    const turned = await halves(40, 20).withMetadata({ orientation: 6 }).toFormat(format).toBuffer();
    // A quarter clockwise: what lay to the left is on top.
    const { image, source } = await decodeGreyFrame(encoded(turned), whole);
    expect(source).toEqual({ width: 20, height: 40 });
    const [top, bottom] = [image.data[20 * 5 + 10], image.data[20 * 35 + 10]];
    expect(top).toBeLessThan(10);
    expect(bottom).toBeGreaterThan(245);
  });

  it('of any colours becomes what people see of it', async () => {
    const colour = (channels: 3 | 4, background: object) =>
      sharp({ create: { width: 16, height: 16, channels, background } });
    const cmyk = await colour(3, { r: 255, g: 255, b: 255 }).toColourspace('cmyk').jpeg().toBuffer();
    const clear = await colour(4, { r: 0, g: 0, b: 0, alpha: 0 }).png().toBuffer();
    const deep = await sharp(new Uint16Array(256).fill(0x8000), {
      raw: { width: 16, height: 16, channels: 1 },
    })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    for (const [bytes, grey] of [
      [cmyk, 255],
      [clear, 255],
      [deep, 128],
    ] as const) {
      const { image } = await decodeGreyFrame(encoded(bytes), whole);
      expect(Math.abs(image.data[100] - grey)).toBeLessThan(4);
    }
  });

  it('of a JPEG with colours is as bright as the same image without loss', async () => {
    const { width, height } = { width: 48, height: 32 };
    const pixels = Uint8Array.from(
      { length: 3 * width * height },
      (_, k) => (Math.floor(k / 3) * (1 + (k % 3))) % 200,
    );
    const smooth = sharp(pixels, { raw: { width, height, channels: 3 } }).blur(3);
    const sizeOf = (): Size => ({ width: 24, height: 16 });
    const [jpeg, png] = await Promise.all([
      smooth.clone().jpeg({ quality: 98 }).toBuffer(),
      smooth.clone().png().toBuffer(),
    ]);
    const [{ image: lossy }, { image: exact }] = await Promise.all(
      [jpeg, png].map((bytes) => decodeGreyFrame(encoded(bytes), { limits, sizeOf })),
    );
    expect(lossy.data).toHaveLength(24 * 16);
    const most = lossy.data.reduce((worst, value, k) => Math.max(worst, Math.abs(value - exact.data[k])), 0);
    expect(most).toBeLessThanOrEqual(4);
  });

  it('is refused by its size before it is decoded', async () => {
    const cut = (await halves(64, 64).png({ compressionLevel: 0 }).toBuffer()).subarray(0, 100);
    const sizeOf = (): Size => {
      throw new RangeError('another aspect');
    };
    await expect(
      decodeGreyFrame(encoded(await halves(64, 64).jpeg().toBuffer()), { limits, sizeOf }),
    ).rejects.toThrow('another aspect');
    await expect(decodeGreyFrame(encoded(cut), whole)).rejects.toMatchObject({ code: 'PICTURE_CORRUPT' });
    const large = await halves(200, 100).jpeg().toBuffer();
    await expect(decodeGreyFrame(encoded(large), whole)).rejects.toMatchObject({ code: 'PICTURE_TOO_LARGE' });
  });
});
