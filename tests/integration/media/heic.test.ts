import sharp from 'sharp';
import { openImage } from '../../../src/media/open-image.js';
import { heicOf } from '../../factories/images/heic.js';
import type { Image } from '../../../src/vision/image/image.js';

const WIDTH = 128;
const HEIGHT = 64;
/** Conversion from RGB to BT.601 and back is exact to two levels. */
const MAX_ERROR = 3;

/** Ramps in red and green, and a pattern in blue: each part differs from every other. */
const scene: Image = (() => {
  const data = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let pixel = 0; pixel < WIDTH * HEIGHT; pixel += 1) {
    const [x, y] = [pixel % WIDTH, Math.floor(pixel / WIDTH)];
    data.set([2 * x, 4 * y, ((x >> 3) + (y >> 3)) % 2 === 0 ? 40 : 210], 3 * pixel);
  }
  return { width: WIDTH, height: HEIGHT, data };
})();
const raw = { width: WIDTH, height: HEIGHT, channels: 3 } as const;

async function read(content: Uint8Array, format: 'heic' | 'png' = 'heic') {
  const image = await openImage(content, format);
  const { value, warnings } = await image.read((pipeline) =>
    pipeline.toColourspace('srgb').removeAlpha().raw().toBuffer({ resolveWithObject: true }),
  );
  const { width, height } = value.info;
  expect({ width, height }).toEqual({ width: image.width, height: image.height });
  return { width, height, warnings, pixels: value.data };
}

const largestError = (one: Uint8Array, other: Uint8Array): number => {
  expect(one.length).toBe(other.length);
  return one.reduce((largest, value, at) => Math.max(largest, Math.abs(value - other[at])), 0);
};

describe('HEIC images', () => {
  it('a photo of one piece and one of tiles show what was stored', async () => {
    for (const grid of [{}, { columns: 2, rows: 1 }, { columns: 4, rows: 2 }]) {
      const { warnings, pixels } = await read(await heicOf(scene, grid));
      expect(warnings).toEqual([]);
      expect(largestError(pixels, scene.data)).toBeLessThanOrEqual(MAX_ERROR);
    }
  });

  it('a photo is shown upright', async () => {
    const { width, height, pixels } = await read(await heicOf(scene, { columns: 2, turns: 1 }));
    expect([width, height]).toEqual([HEIGHT, WIDTH]);
    // sharp turns to the right.
    const turned = await sharp(scene.data, { raw }).rotate(270).raw().toBuffer();
    expect(largestError(pixels, turned)).toBeLessThanOrEqual(MAX_ERROR);
  });

  it('a colour profile is applied, as in a PNG with the same profile', async () => {
    const { icc } = await sharp(
      await sharp(scene.data, { raw }).withIccProfile('p3').png().toBuffer(),
    ).metadata();
    const { warnings, pixels } = await read(await heicOf(scene, { columns: 2, iccProfile: icc }));
    expect(warnings).toEqual([expect.stringMatching(/from the profile .*P3.* to sRGB/)]);
    // A saturated green of Display P3 lies outside sRGB, so that its red ends at 0.
    const green = await heicOf(
      { ...scene, data: scene.data.map((_, at) => (at % 3 === 1 ? 200 : 100)) },
      { iccProfile: icc },
    );
    const { pixels: shown } = await read(green);
    // By the definition of Display P3 (SMPTE EG 432-1) with the transfer function of sRGB.
    const linear = (value: number) => ((value / 255 + 0.055) / 1.055) ** 2.4;
    const coded = (value: number) => 255 * (1.055 * value ** (1 / 2.4) - 0.055);
    const [low, high] = [linear(100), linear(200)];
    const expected = [
      coded(1.2249 * low - 0.2247 * high),
      coded(-0.042 * low + 1.0419 * high),
      coded(-0.0197 * low - 0.0786 * high + 1.0979 * low),
    ];
    expect(largestError(shown.subarray(0, 3), Uint8Array.from(expected, Math.round))).toBeLessThanOrEqual(
      MAX_ERROR,
    );
    expect(pixels.length).toBe(scene.data.length);
  });

  it('high dynamic range is said in a warning', async () => {
    const { warnings } = await read(await heicOf(scene, { transfer: 16 }));
    expect(warnings).toEqual([expect.stringContaining('high dynamic range (PQ)')]);
  });

  it('files that are cut off are refused, and the next one is read', async () => {
    const whole = await heicOf(scene, { columns: 2 });
    for (const bytes of [whole.subarray(0, 100), whole.subarray(0, whole.length - 20)]) {
      await expect(read(bytes)).rejects.toMatchObject({ reason: { fault: 'corrupt' } });
    }
    expect((await read(whole)).width).toBe(WIDTH);
  });

  it('a HEIF image with another codec is refused as unsupported', async () => {
    const avif = await sharp(scene.data, { raw }).avif().toBuffer();
    const unnamed = Buffer.from(avif.toString('latin1').replaceAll('avif', 'mif1'), 'latin1');
    await expect(read(unnamed)).rejects.toMatchObject({ reason: { fault: 'unsupported' } });
  });

  it('a file that declares a smaller image than it contains is refused', async () => {
    const wide: Image = { width: 1024, height: 1024, data: new Uint8Array(3 * 1024 * 1024).fill(90) };
    const bomb = await heicOf(wide, { declared: { width: 64, height: 64 } });
    const opened = await openImage(bomb, 'heic');
    expect(opened.width * opened.height).toBe(64 * 64);
    await expect(read(bomb)).rejects.toMatchObject({ reason: { fault: 'corrupt' } });
  });
});
