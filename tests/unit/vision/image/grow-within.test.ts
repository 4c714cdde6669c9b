import { countHoles } from '../../../../src/vision/image/mask.js';
import { growWithin } from '../../../../src/vision/image/mask-growth.js';

/** 16x16 pixels of which a square in the middle is hole. */
function square(side: number) {
  const data = new Uint8Array(256);
  const from = (16 - side) / 2;
  for (let y = from; y < from + side; y += 1) data.fill(255, 16 * y + from, 16 * y + from + side);
  return { width: 16, height: 16, data };
}

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
