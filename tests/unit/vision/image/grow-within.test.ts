import { countHoles } from '../../../../src/vision/image/mask.js';
import { growWithin } from '../../../../src/vision/image/mask-growth.js';

/** 16x16 pixels of which a square in the middle is hole. */
function square(side: number) {
  const data = new Uint8Array(256);
  const from = (16 - side) / 2;
  for (let y = from; y < from + side; y += 1) data.fill(255, 16 * y + from, 16 * y + from + side);
  return { width: 16, height: 16, data };
}

describe('grow within', () => {
  it.each([2, 8, 14])('a hole of %i x %i in a tiny image never covers all of it', (side) => {
    const { grown, warning } = growWithin(square(side), { grow: 24, feather: 4 });
    expect(countHoles(grown.data)).toBeLessThan(256);
    expect(countHoles(grown.data)).toBeGreaterThanOrEqual(side * side);
    expect(warning).toContain('instead of 24');
  });

  it('grows by what was asked for where something is left', () => {
    const { grown, warning } = growWithin(square(2), { grow: 3, feather: 0 });
    expect([warning, countHoles(grown.data) < 64]).toEqual([null, true]);
  });

  it.each([
    { at: [5, 4, 3, 2], grow: 4 },
    { at: [0, 36, 7, 4], grow: 9 },
    { at: [50, 0, 10, 40], grow: 6 },
    { at: [58, 39, 2, 1], grow: 64 },
  ])('takes what lies within $grow pixels of a hole at $at, wherever in the image it is', ({ at, grow }) => {
    const [left, top, width, height] = at;
    const mask = { width: 60, height: 40, data: new Uint8Array(2400) };
    for (let y = top; y < top + height; y += 1) mask.data.fill(255, 60 * y + left, 60 * y + left + width);
    const beyond = (value: number, from: number, length: number) =>
      Math.max(from - value, 0, value - (from + length - 1));
    const expected = mask.data.map((_, pixel) => {
      const [x, y] = [pixel % 60, Math.floor(pixel / 60)];
      const distance = Math.hypot(beyond(x, left, width), beyond(y, top, height));
      return distance <= grow ? Math.round(255 * Math.min(1, (grow + 1 - distance) / 4)) : 0;
    });

    const { grown, weight } = growWithin(mask, { grow, feather: 3 });

    expect(weight).toEqual({ ...mask, data: expected });
    expect(grown).toEqual({ ...mask, data: expected.map((value) => (value > 0 ? 255 : 0)) });
  });

  it('leaves a mask without a hole empty', () => {
    const mask = { width: 60, height: 40, data: new Uint8Array(2400) };
    expect(growWithin(mask, { feather: 3 })).toEqual({ grown: mask, weight: mask, warning: null });
  });
});
