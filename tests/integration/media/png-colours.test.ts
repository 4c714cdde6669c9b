import sharp from 'sharp';
import { openImage } from '../../../src/media/open-image.js';
import { withColours } from '../../factories/images/odd-pngs.js';

const SAMPLES = [128, 64, 200, 10, 250, 90];
/** White and primaries of Display P3. */
const P3 = [0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06];
const SRGB = [0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06];
const CONVERTED = ['The colours were converted from the profile of its gAMA and cHRM to sRGB.'];

/** The sRGB value of a sample whose light is its power of `1 / gamma` (IEC 61966-2-1). */
function shown(sample: number, gamma: number): number {
  const light = (sample / 255) ** (1 / gamma);
  return Math.round(255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055));
}

/** An image of two pixels. */
const image = (samples: readonly number[]) =>
  sharp(Buffer.from(samples), {
    raw: { width: 2, height: 1, channels: samples.length === 2 ? 1 : samples.length === 6 ? 3 : 4 },
  });

async function read(png: Buffer) {
  const opened = await openImage(png, 'png');
  const { value, warnings } = await opened.read((found) => found.toColourspace('srgb').raw().toBuffer());
  return { samples: [...value], warnings };
}

describe('colours of a PNG without a profile', () => {
  it.each([0.2, 0.5556, 1, 1.5])('the samples of a PNG with gamma %d become those of sRGB', async (gamma) => {
    const { samples, warnings } = await read(withColours(await image(SAMPLES).png().toBuffer(), { gamma }));
    samples.forEach((sample, index) =>
      expect(Math.abs(sample - shown(SAMPLES[index], gamma))).toBeLessThanOrEqual(1),
    );
    expect(warnings).toEqual(CONVERTED);
  });

  it('so do greys, palettes and half transparent pixels, whose alpha stays', async () => {
    const grey = await image([128, 10]).toColourspace('b-w').png().toBuffer();
    const palette = await image(SAMPLES).png({ palette: true }).toBuffer();
    const alpha = await image([128, 64, 200, 77, 10, 250, 90, 255]).png().toBuffer();
    const linear = async (png: Buffer) => (await read(withColours(png, { gamma: 1 }))).samples;
    const [a, b] = [shown(128, 1), shown(10, 1)];
    const near = (found: number[], wanted: number[]) =>
      found.length === wanted.length && found.every((value, at) => Math.abs(value - wanted[at]) <= 1);
    expect(near(await linear(grey), [a, a, a, b, b, b])).toBe(true);
    const colours = SAMPLES.map((sample) => shown(sample, 1));
    expect(near(await linear(palette), colours)).toBe(true);
    const [r, g, blue, ...rest] = colours;
    expect(near(await linear(alpha), [r, g, blue, 77, ...rest, 255])).toBe(true);
  });

  // Values that Chromium 156 shows.
  it.each([
    [1 / 2.2, [139, 57, 209, 0, 255, 53]],
    [1, [197, 135, 235, 0, 255, 151]],
  ])(
    'with gamma %d and the primaries of Display P3 they are those that a browser shows',
    async (gamma, wanted) => {
      const png = withColours(await image(SAMPLES).png().toBuffer(), { gamma, places: P3 });
      const { samples } = await read(png);
      samples.forEach((sample, index) => expect(Math.abs(sample - wanted[index])).toBeLessThanOrEqual(1));
    },
  );

  it.each([
    ['the gamma that stands for sRGB', { gamma: 0.45455, places: SRGB }],
    ['the chunk of sRGB beside another gamma', { gamma: 1, srgb: true }],
    ['primaries without a gamma, as in browsers', { places: P3 }],
    ['no gamma at all', { gamma: 0 }],
    ['an impossible gamma', { gamma: 21_474 }],
  ])('%s leaves them as they are', async (_, colours) => {
    const { samples, warnings } = await read(withColours(await image(SAMPLES).png().toBuffer(), colours));
    expect({ samples, warnings }).toEqual({ samples: SAMPLES, warnings: [] });
  });

  it('primaries that enclose no colours are ignored', async () => {
    for (const places of [
      Array<number>(8).fill(0),
      Array<number>(8).fill(0.3),
      [0.9, 0.05, ...P3.slice(2)],
    ]) {
      const { samples } = await read(
        withColours(await image(SAMPLES).png().toBuffer(), { gamma: 0.45455, places }),
      );
      expect(samples).toEqual(SAMPLES);
    }
  });
});
