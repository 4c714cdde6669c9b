import { createRandom } from '../../../../scripts/render/seeded-random.js';
import { disc, polygon, rectangle, ring } from '../../../../scripts/render/shapes.js';
import { convexShape, shadowOutline } from '../../../../scripts/render/shadows.js';
import { sampleTexture } from '../../../../scripts/render/texture-sampler.js';
import { TexturePainter } from '../../../../scripts/render/texture-painter.js';
import { Texture } from '../../../../scripts/render/texture.js';

/** A texture whose red is 4 times the column and whose green is 4 times the row. */
function ramp(size: number): Texture {
  const rgb = new Uint8ClampedArray(size * size * 3);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) rgb.set([4 * x, 4 * y, 100], (y * size + x) * 3);
  }
  return new Texture({ width: size, height: size, rgb });
}

const read = (u: number, v: number, { level = 0, shade = 1 } = {}): number[] => {
  const target = new Uint8ClampedArray(3);
  sampleTexture(ramp(32), { u, v, level, shade }, target, 0);
  return [...target];
};

describe('texture sampling', () => {
  it('finds a texel at its centre and goes linearly to the next', () => {
    expect(read(10.5, 20.5)).toEqual([40, 80, 100]);
    expect(read(11, 20.75)).toEqual([42, 81, 100]);
  });

  it('reads the same place from every mip level', () => {
    for (const level of [0, 0.5, 1, 1.7, 2]) expect(read(16, 12, { level })).toEqual([62, 46, 100]);
  });

  it('goes on at the rim and shades', () => {
    expect(read(-3, 100)).toEqual([0, 124, 100]);
    expect(read(10.5, 20.5, { shade: 0.5 })).toEqual([20, 40, 50]);
  });

  it('ends in the mean of the whole texture', () => {
    const checks = new Uint8ClampedArray(8 * 8 * 3).map((_, i) =>
      (Math.floor(i / 3) + Math.floor(i / 24)) % 2 ? 200 : 100,
    );
    const last = new Texture({ width: 8, height: 8, rgb: checks }).levels.at(-1);
    expect([...(last?.rgb ?? [])]).toEqual([150, 150, 150]);
  });
});

describe('painted shapes', () => {
  it.each([
    ['disc', disc, Math.PI],
    ['ring', ring(0.5), Math.PI * 0.75],
    ['rectangle', rectangle(0.8, 0.4), 1.28],
    ['square', polygon(4), 2],
  ])('%s covers the area of its closed form', (_, shape, area) => {
    const painter = new TexturePainter(100, 100);
    painter.draw(shape, { x: 50.3, y: 49.6, size: 30, angle: 0.4, colour: [200, 200, 200], reach: 1.1 });
    const { rgb } = painter.finish().levels[0];
    let sum = 0;
    for (let i = 0; i < rgb.length; i += 3) sum += rgb[i] / 200;
    expect(Math.abs(sum / (area * 900) - 1)).toBeLessThan(0.01);
  });
});

describe('shadows', () => {
  it('of a box reach as far as its height along the light', () => {
    const outline = shadowOutline(
      [
        [0, 0, 1],
        [1, 0, 1],
        [1, 1, 1],
        [0, 1, 1],
      ],
      [1, 0, 1],
    );
    const inside = convexShape(outline);
    expect(inside(-0.9, 0.5)).toBeCloseTo(-0.1, 12);
    expect(inside(-1.1, 0.5)).toBeCloseTo(0.1, 12);
    expect(inside(1.1, 0.5)).toBeCloseTo(0.1, 12);
    expect(inside(0.5, 1.2)).toBeCloseTo(0.2, 12);
  });
});

describe('the seeded generator', () => {
  it('repeats itself and has the moments it promises', () => {
    const draws = (seed: number): number[] => {
      const random = createRandom(seed);
      return Array.from({ length: 20000 }, () => random.normal());
    };
    const values = draws(4);
    expect(draws(4)).toEqual(values);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    // Five standard errors of 20000 draws.
    expect(Math.abs(mean)).toBeLessThan(0.036);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
  });
});
