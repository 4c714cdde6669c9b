import { countHoles } from '../../../../src/vision/image/mask.js';
import { rectangleMask } from '../../../support/inpainting-run.js';
import { growMask } from '../../../../src/vision/image/mask-growth.js';

const size = { width: 120, height: 80 };
const plane = (left: number, top: number, right: number, bottom: number) => ({
  ...size,
  data: rectangleMask(size, { left, top, right, bottom }),
});
/** Rows that are filled in a column. */
const rowsAt = ({ data }: { data: Uint8Array }, x: number): number[] =>
  Array.from({ length: size.height }, (_, y) => y).filter((y) => data[y * size.width + x] > 0);

describe('mask growth', () => {
  it('a thin stroke is grown by one pixel on each side, a wide one by three', () => {
    const thin = growMask(plane(0, 40, 120, 44), { feather: 3 });
    expect(rowsAt(thin.grown, 60)).toEqual([39, 40, 41, 42, 43, 44]);
    const wide = growMask(plane(0, 30, 120, 42), { feather: 3 });
    expect(rowsAt(wide.grown, 60)).toHaveLength(18);
    expect([rowsAt(wide.grown, 60)[0], rowsAt(wide.grown, 60).at(-1)]).toEqual([27, 44]);
  });

  it('a thin tail of a wide part is told apart from it, and a given growth holds for both', () => {
    const mask = plane(10, 20, 50, 60);
    for (let y = 38; y < 42; y += 1) mask.data.fill(255, y * size.width + 50, y * size.width + 110);
    const { grown, weight } = growMask(mask, { feather: 3 });
    expect(rowsAt(grown, 30)).toHaveLength(46);
    expect(rowsAt(grown, 90)).toHaveLength(6);
    // The mask itself is filled altogether.
    expect(mask.data.every((value, pixel) => value === 0 || weight.data[pixel] === 255)).toBe(true);
    expect(rowsAt(growMask(mask, { grow: 3, feather: 3 }).grown, 90)).toHaveLength(10);
  });

  it('an empty mask stays empty', () => {
    expect(countHoles(growMask(plane(0, 0, 0, 0), { feather: 3 }).grown.data)).toBe(0);
  });
});
