import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { ImageIntakeProcess } from '../../../src/engines/image-intake/image-intake-process.js';
import { detectConfinementTools } from '../../../src/supervision/confinement.js';
import { messageBomb } from '../../factories/bombs.js';
import { untilGoneWithParent } from '../../support/killed-parent.js';

const limits = { maxPixels: 1_000_000, maxSide: 4000 };
const intake = new ImageIntakeProcess();
let folder: string;
let count = 0;

describe('image intake', () => {
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-images-'));
  });
  afterAll(async () => {
    intake.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function take(content: Buffer | string, role: 'source' | 'mask' = 'source') {
    const file = path.join(folder, `p${(count += 1)}`);
    await writeFile(file, content);
    const taken = await intake.take({ path: file, target: `${file}.png`, role, limits });
    return { taken, stored: await readFile(`${file}.png`) };
  }

  /** 20 wide, 10 high: left half red, right half blue. */
  function halves() {
    const data = Buffer.alloc(20 * 10 * 3);
    for (let pixel = 0; pixel < 200; pixel += 1) data[pixel * 3 + (pixel % 20 < 10 ? 0 : 2)] = 255;
    return sharp(data, { raw: { width: 20, height: 10, channels: 3 } });
  }

  async function pixelAt(image: Buffer, x: number, y: number): Promise<number[]> {
    const { data, info } = await sharp(image).raw().toBuffer({ resolveWithObject: true });
    const at = (y * info.width + x) * info.channels;
    return [...data.subarray(at, at + info.channels)];
  }

  it('a turned photo is stored upright and without what its camera wrote', async () => {
    const turned = await halves()
      .withExif({ IFD0: { Artist: 'somebody' }, IFD3: { GPSLatitude: '1/1 2/1 3/1' } })
      .withMetadata({ orientation: 6 })
      .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
      .toBuffer();
    const { taken, stored } = await take(turned);
    expect(taken).toMatchObject({ width: 10, height: 20, hole: null });
    const facts = await sharp(stored).metadata();
    expect(facts).toMatchObject({ format: 'png', width: 10, height: 20 });
    expect(facts.exif).toBeUndefined();
    // Orientation 6: the camera's left is up.
    expect((await pixelAt(stored, 5, 2))[0]).toBeGreaterThan(240);
    expect((await pixelAt(stored, 5, 17))[2]).toBeGreaterThan(240);
  });

  it('16 bits, CMYK and palettes become 8-bit sRGB, and alpha stays', async () => {
    const deep = await halves().toColourspace('rgb16').png().toBuffer();
    expect(await pixelAt((await take(deep)).stored, 0, 0)).toEqual([255, 0, 0]);
    const cmyk = await halves().toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    const [red, green, blue] = await pixelAt((await take(cmyk)).stored, 2, 5);
    expect(red).toBeGreaterThan(200);
    expect(Math.max(green, blue)).toBeLessThan(80);
    const palette = await halves().png({ palette: true }).toBuffer();
    expect((await take(palette)).taken).toMatchObject({ width: 20, height: 10 });
    const clear = await halves().ensureAlpha(0.5).png().toBuffer();
    expect(await pixelAt((await take(clear)).stored, 0, 0)).toEqual([255, 0, 0, 127]);
  });

  it('a mask is cut at 127, and the share of other values is told', async () => {
    const grey = Buffer.from([0, 127, 128, 255]);
    const mask = await sharp(grey, { raw: { width: 2, height: 2, channels: 1 } })
      .png()
      .toBuffer();
    const { taken, stored } = await take(mask, 'mask');
    expect(taken.hole).toEqual({ share: 0.5, nonBinaryShare: 0.5, reading: 'white', circle: 2 });
    expect([...(await sharp(stored).extractChannel(0).raw().toBuffer())]).toEqual([0, 0, 255, 255]);
  });

  it('a JPEG mask works: its soft edges are counted and gone', async () => {
    const sharpMask = Buffer.alloc(32 * 32);
    for (let pixel = 0; pixel < 1024; pixel += 1) sharpMask[pixel] = pixel % 32 < 13 ? 255 : 0;
    const mask = await sharp(sharpMask, { raw: { width: 32, height: 32, channels: 1 } })
      .jpeg({ quality: 60 })
      .toBuffer();
    const { taken, stored } = await take(mask, 'mask');
    expect(taken.hole?.nonBinaryShare).toBeGreaterThan(0.05);
    expect(taken.hole?.share).toBeCloseTo(13 / 32, 2);
    expect(new Set(await sharp(stored).raw().toBuffer())).toEqual(new Set([0, 255]));
  });

  it.each([
    ['a page', '<html><script>alert(1)</script></html>', 'UNSUPPORTED_TYPE'],
    ['nothing', '', 'EMPTY_FILE'],
    [
      'a PNG signature alone',
      Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
      /IMAGE_CORRUPT|UNSUPPORTED_TYPE/,
    ],
  ])('%s is refused', async (_what, content, code) => {
    await expect(take(content)).rejects.toMatchObject({ code: expect.stringMatching(code) });
  });

  it('an image that is cut off or too large is refused, and the next one is served', async () => {
    const noise = await sharp({
      create: {
        width: 300,
        height: 300,
        channels: 3,
        background: '#123456',
        noise: { type: 'gaussian', mean: 100, sigma: 40 },
      },
    })
      .png()
      .toBuffer();
    await expect(take(noise.subarray(0, noise.length / 2))).rejects.toMatchObject({ code: 'IMAGE_CORRUPT' });
    const wide = await sharp({ create: { width: 4001, height: 2, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    await expect(take(wide)).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE', kind: 'too_large' });
    expect((await take(noise)).taken).toMatchObject({ width: 300, height: 300 });
  });

  it('a process that hangs is ended and replaced', async () => {
    const impatient = new ImageIntakeProcess({ timeoutMs: 1 });
    const file = path.join(folder, 'slow');
    await writeFile(file, await halves().png().toBuffer());
    const order = { path: file, target: `${file}.png`, role: 'source' as const, limits };
    await expect(impatient.take(order)).rejects.toMatchObject({ code: 'IMAGE_CORRUPT' });
    impatient.close();
    await expect(intake.take(order)).resolves.toMatchObject({ width: 20 });
  });

  it('an image that needs more memory than its process may take is refused, and the next one is served', async () => {
    const wide = { maxPixels: 64_000_000, maxSide: 8000 };
    const small = new ImageIntakeProcess({ memoryBytes: 250 * 2 ** 20 });
    const bomb = path.join(folder, 'bomb');
    // 64 megapixels of two colours in 200 kB; a mask is read into memory as a whole.
    await sharp({ create: { width: 8000, height: 8000, channels: 3, background: 'white' } })
      .png()
      .toFile(bomb);
    const mask = { path: bomb, target: `${bomb}.png`, role: 'mask' as const, limits: wide };
    await expect(small.take(mask)).rejects.toMatchObject({ code: 'IMAGE_CORRUPT', kind: 'invalid' });
    const file = path.join(folder, 'after-bomb');
    await writeFile(file, await halves().png().toBuffer());
    const order = { path: file, target: `${file}.png`, role: 'source' as const, limits };
    await expect(small.take(order)).resolves.toMatchObject({ width: 20 });
    small.close();
    await expect(intake.take(mask)).resolves.toMatchObject({ width: 8000 });
  });

  (detectConfinementTools().setpriv ? it : it.skip)(
    'a process that decodes without end is gone with the process that started it',
    async () => {
      const intakeModule = new URL(
        '../../../src/engines/image-intake/image-intake-process.js',
        import.meta.url,
      ).href;
      const support = new URL('../../support/running-stack.js', import.meta.url).href;
      const module = await messageBomb(folder, 'endless');
      await untilGoneWithParent(`
      const { ImageIntakeProcess } = await import(${JSON.stringify(intakeModule)});
      const { descendants } = await import(${JSON.stringify(support)});
      void new ImageIntakeProcess({ module: ${JSON.stringify(module)} }).take({});
      let pid;
      while (!pid) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        [pid] = descendants(process.pid, 'bomb-endless');
      }
      console.log(pid);`);
    },
  );
});
