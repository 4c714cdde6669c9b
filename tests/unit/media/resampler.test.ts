import sharp, { type Sharp } from 'sharp';
import type { Interpolation, ImageShape } from '../../../src/domain/preprocessing.js';
import { decodeImage, type ImageLimits } from '../../../src/media/image-decoder.js';
import { resample } from '../../../src/media/resampler.js';

const LIMITS: ImageLimits = {
  maxBytes: 1_000_000,
  maxPixels: 1_000_000,
  maxSide: 5_000,
  timeoutSeconds: 10,
};
const SMOOTH = ['bilinear', 'bicubic', 'lanczos'] as const;

const shapeOf = (width: number, height: number, changes: Partial<ImageShape> = {}): ImageShape => ({
  width,
  height,
  channels: 1,
  resize: { rule: 'stretch' },
  interpolation: 'bilinear',
  background: [255, 255, 255],
  ...changes,
});

/** An image whose columns have the given brightness. */
const columnsOf = (columns: readonly number[], height: number): Sharp =>
  sharp(
    Buffer.alloc(columns.length * height).map((_, index) => columns[index % columns.length]),
    { raw: { width: columns.length, height, channels: 1 } },
  );

/** The same image in every format, and turned on its side with a note that it is. */
async function filesOf(image: Sharp): Promise<Map<string, Buffer>> {
  const turned = await image.clone().rotate(-90).png().toBuffer();
  return new Map([
    ['png', await image.clone().png().toBuffer()],
    ['webp', await image.clone().webp({ lossless: true }).toBuffer()],
    ['jpeg', await image.clone().jpeg({ quality: 100 }).toBuffer()],
    ['progressive', await image.clone().jpeg({ quality: 100, progressive: true }).toBuffer()],
    ['turned', await sharp(turned).withMetadata({ orientation: 6 }).jpeg({ quality: 100 }).toBuffer()],
  ]);
}

describe('images that are enlarged', () => {
  it.each([...SMOOTH, 'nearest'] as const)(
    'an edge in the middle stays there (%s)',
    async (interpolation) => {
      const columns = Array.from({ length: 32 }, (_, x) => (x < 16 ? 0 : 255));
      const rules: ImageShape['resize'][] = [
        { rule: 'stretch' },
        { rule: 'crop', shortSide: 240 },
        { rule: 'letterbox', fill: [9, 9, 9] },
      ];
      for (const [, file] of await filesOf(columnsOf(columns, 32))) {
        for (const resize of rules) {
          const { pixels } = await decodeImage(file, shapeOf(224, 224, { resize, interpolation }), LIMITS);
          const line = pixels.subarray(224 * 100, 224 * 101);
          // What is as far to the left of 112.0 as to the right adds up to white.
          for (let x = 90; x < 112; x += 1) {
            const sum = line[x] + line[223 - x];
            expect(Math.abs(sum - 255)).toBeLessThanOrEqual(4);
          }
          expect(line[104]).toBeLessThan(90);
          expect(line[119]).toBeGreaterThan(165);
        }
      }
    },
  );

  it.each(SMOOTH)('a ramp stays a ramp (%s)', async (interpolation) => {
    const columns = Array.from({ length: 32 }, (_, x) => 8 * x);
    for (const [, file] of await filesOf(columnsOf(columns, 32))) {
      const { pixels } = await decodeImage(file, shapeOf(40, 40, { interpolation }), LIMITS);
      for (let x = 4; x < 36; x += 1) {
        // A Lanczos filter is no interpolation of straight lines, but nearly.
        const wanted = 8 * ((x + 0.5) * (32 / 40) - 0.5);
        expect(Math.abs(pixels[40 * 20 + x] - wanted)).toBeLessThanOrEqual(
          interpolation === 'lanczos' ? 1.6 : 1,
        );
      }
    }
  });

  it('a side that is shrunk meanwhile is averaged', async () => {
    const columns = Array.from({ length: 300 }, (_, x) => (x % 2 ? 200 : 100));
    const png = await columnsOf(columns, 10).png().toBuffer();
    for (const interpolation of SMOOTH) {
      const { pixels } = await decodeImage(png, shapeOf(20, 20, { interpolation }), LIMITS);
      for (const value of pixels.subarray(20 * 10 + 2, 20 * 10 + 18))
        expect(Math.abs(value - 150)).toBeLessThanOrEqual(2);
    }
  });

  it.each([...SMOOTH, 'nearest'] as const)(
    'an image of 1 x 5000 pixels is taken (%s)',
    async (interpolation) => {
      const shades = Array.from({ length: 5_000 }, (_, x) => (x < 2_500 ? 0 : 255));
      const png = await columnsOf(shades, 1).rotate(90).png().toBuffer();
      const rules: ImageShape['resize'][] = [
        { rule: 'stretch' },
        { rule: 'crop', shortSide: 64 },
        { rule: 'letterbox', fill: [99, 99, 99] },
      ];
      for (const resize of rules) {
        const { pixels } = await decodeImage(png, shapeOf(64, 64, { resize, interpolation }), LIMITS);
        // In a letterbox it is one column, the 32nd.
        expect(pixels[64 * 2 + 31]).toBeLessThan(15);
        expect(pixels[64 * 61 + 31]).toBeGreaterThan(240);
      }
    },
  );
});

describe('resampler', () => {
  it('a long narrow image of many pixels is shrunk along before it is widened', async () => {
    const rows = Array.from({ length: 30_000 }, (_, y) => (y < 15_000 ? 40 : 200));
    const png = await columnsOf(rows, 50).rotate(90).png().toBuffer();
    const limits = { ...LIMITS, maxPixels: 2_000_000, maxSide: 30_000 };
    for (const interpolation of [...SMOOTH, 'nearest'] as const) {
      const { pixels } = await decodeImage(png, shapeOf(64, 64, { interpolation }), limits);
      for (const [row, wanted] of [
        [10, 40],
        [50, 200],
      ]) {
        for (const value of pixels.subarray(64 * row, 64 * (row + 1)))
          expect(Math.abs(value - wanted)).toBeLessThanOrEqual(1);
      }
    }
  });
});

describe('resample', () => {
  const image = { width: 2, height: 1, data: Uint8Array.of(0, 0, 0, 80, 160, 240) };
  const placement = { whole: { width: 4, height: 1 }, part: { left: 0, top: 0, width: 4, height: 1 } };

  // By hand: places -0.25, 0.25, 0.75, 1.25 of the source; weights outside are left out and the rest brought to one.
  it.each<[Interpolation, number[]]>([
    ['nearest', [0, 0, 240, 240]],
    ['bilinear', [0, 60, 180, 240]],
    // W(0.25) = 0.8671875, W(0.75) = 0.2265625, W(1.25) = -0.0703125: 0 (from -21), 50, 190, 255 (from 261).
    ['bicubic', [0, 50, 190, 255]],
  ])('doubles two pixels (%s)', (interpolation, wanted) => {
    const resized = resample(image, placement, interpolation);
    expect([0, 1, 2, 3].map((x) => resized[3 * x + 2])).toEqual(wanted);
  });

  it('shrinks as Pillow does, to the last bit', () => {
    const data = Uint8Array.from({ length: 5 * 7 * 3 }, (_, index) => {
      const [x, y] = [Math.floor(index / 3) % 5, Math.floor(index / 15)];
      return (37 * x * x + 91 * y + 53 * x * y) % 256;
    });
    const whole = { width: 3, height: 4 };
    const resized = resample(
      { width: 5, height: 7, data },
      { whole, part: { ...whole, left: 0, top: 0 } },
      'bilinear',
    );
    // Image.resize((3, 4), BILINEAR) of Pillow 13.0.0 on the same pixels.
    const pillow = [70, 104, 92, 124, 97, 129, 127, 144, 69, 139, 94, 65];
    expect([...resized].filter((_, index) => index % 3 === 0)).toEqual(pillow);
  });

  it('a part is what the whole has there', () => {
    const data = Uint8Array.from({ length: 7 * 9 * 3 }, (_, index) => (index * 89) % 256);
    const whole = { width: 21, height: 16 };
    for (const interpolation of [...SMOOTH, 'nearest'] as const) {
      const all = resample(
        { width: 7, height: 9, data },
        { whole, part: { ...whole, left: 0, top: 0 } },
        interpolation,
      );
      const part = { left: 5, top: 4, width: 10, height: 3 };
      const some = resample({ width: 7, height: 9, data }, { whole, part }, interpolation);
      for (let y = 0; y < 3; y += 1) {
        const at = ((4 + y) * 21 + 5) * 3;
        expect([...some.subarray(y * 30, y * 30 + 30)]).toEqual([...all.subarray(at, at + 30)]);
      }
    }
  });
});
