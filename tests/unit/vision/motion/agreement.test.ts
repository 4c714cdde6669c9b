import type { Image } from '../../../../src/vision/image/image.js';
import { compareAround } from '../../../../src/vision/motion/agreement.js';
import { stillField } from '../../../../src/vision/motion/motion-field.js';
import { Surroundings } from '../../../../src/vision/motion/surroundings.js';
import { rectangleMask } from '../../../support/inpainting-run.js';

const size = { width: 160, height: 120 };
const hole = { ...size, data: rectangleMask(size, { left: 60, top: 40, right: 100, bottom: 80 }) };
const CARRIED = { most: 14, mostByPixel: 30, wholly: true };
/** A pixel in the middle of the hole. */
const MIDDLE = [80, 60] as const;

/** Even ground, before which a dark post stands or does not. */
function image(post: number | null): Image {
  const rgb = new Uint8Array(size.width * size.height * 3);
  for (let y = 0; y < size.height; y += 1)
    for (let x = 0; x < size.width; x += 1) {
      const inPost = post !== null && x >= post && x < post + 11;
      rgb.fill(
        inPost ? 30 : 170 + 20 * Math.sin(0.2 * y),
        3 * (y * size.width + x),
        3 * (y * size.width + x) + 3,
      );
    }
  return { ...size, data: rgb };
}

/** The difference in the middle of the hole between frames with the post at one place and at another. */
function differenceOf(before: number | null, now: number | null, misplaced: number): number {
  const around = new Surroundings(hole);
  const target = { image: image(now), wanted: hole };
  const source = { image: image(before), closed: hole, motion: stillField(size, 8) };
  const agreement = compareAround(source, { target, around }, { ...CARRIED, misplaced });
  if (agreement === null) throw new Error('nothing agrees');
  return around.at(agreement.difference, ...MIDDLE);
}

describe('surroundings of a hole in another frame', () => {
  it('a near thing that is out of place has not changed where the camera has moved', () => {
    expect(differenceOf(74, 78, 0)).toBeGreaterThan(CARRIED.most);
    expect(differenceOf(74, 78, 6)).toBeLessThanOrEqual(CARRIED.most);
  });

  it.each([0, 6])('a thing that has come has changed them, with places %d pixels off', (misplaced) => {
    expect(differenceOf(null, 74, misplaced)).toBeGreaterThan(CARRIED.most);
  });
});
