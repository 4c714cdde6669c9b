import { shrink, shrinkKnown } from '../../../../src/vision/image/area-resize.js';
import { distanceToKnown, holeDepth } from '../../../../src/vision/inpainting/hole-distance.js';
import { separateBoxes } from '../../../../src/vision/inpainting/hole-boxes.js';
import { findHoleParts, maskOf } from '../../../../src/vision/inpainting/hole-parts.js';
import { enlarge } from '../../../../src/vision/image/resample.js';
import { holeOf } from '../../../factories/images/inpainting-images.js';
import { growBox, growToSize, groupByBox } from '../../../../src/vision/image/box.js';
import { boundsOf } from '../../../../src/vision/image/mask.js';

const box = (left: number, top: number, width: number, height: number) => ({ left, top, width, height });

describe('distance to what is known', () => {
  it('is half the width of a strip, rounded up', () => {
    expect(holeDepth(holeOf(40, 40, box(0, 10, 40, 7)))).toBe(4);
    expect(holeDepth(holeOf(40, 40, box(12, 0, 16, 40)))).toBe(8);
  });

  it('is within 8 % of the Euclidean distance around a single known pixel', () => {
    const hole = holeOf(61, 61, box(0, 0, 61, 61));
    hole.data[30 * 61 + 30] = 0;
    distanceToKnown(hole).forEach((found, i) => {
      const truth = Math.hypot((i % 61) - 30, Math.floor(i / 61) - 30);
      if (truth > 0) expect(Math.abs(found / truth - 1)).toBeLessThan(0.08);
    });
  });

  it('counts from known pixels only: the border of the image is not known', () => {
    expect(distanceToKnown(holeOf(9, 3, box(3, 0, 6, 3)))[8]).toBe(6);
  });
});

describe('parts of a hole', () => {
  it('are connected at corners, and carry their box, pixels and depth', () => {
    const mask = holeOf(30, 20, box(2, 2, 3, 3), box(5, 5, 2, 2), box(20, 4, 6, 9));
    const parts = findHoleParts(mask);
    expect(parts.map((part) => part.box)).toEqual([box(2, 2, 5, 5), box(20, 4, 6, 9)]);
    expect(parts.map((part) => part.pixels.length)).toEqual([13, 54]);
    expect(parts.map((part) => part.depth)).toEqual([2, 3]);
    expect(maskOf([parts[1]], mask).data).toEqual(holeOf(30, 20, box(20, 4, 6, 9)).data);
  });
});

describe('boxes around what lies apart', () => {
  it('is one for parts nearer than the gap', () => {
    const hole = holeOf(100, 80, box(5, 6, 10, 4), box(30, 25, 7, 9));
    expect(boundsOf(hole)).toEqual(box(5, 6, 32, 28));
    expect(separateBoxes(hole, 16)).toEqual([box(5, 6, 32, 28)]);
  });

  it('are cut where so many rows or columns are known, and again inside the pieces', () => {
    const hole = holeOf(100, 80, box(5, 6, 10, 4), box(30, 25, 7, 9), box(80, 30, 4, 4));
    expect(separateBoxes(hole, 15)).toEqual([box(5, 6, 10, 4), box(30, 25, 7, 9), box(80, 30, 4, 4)]);
    expect(separateBoxes(hole, 44)).toEqual([box(5, 6, 79, 28)]);
    expect(separateBoxes(hole, 43)).toEqual([box(5, 6, 32, 28), box(80, 30, 4, 4)]);
  });

  it('are none without a hole', () => {
    expect(separateBoxes(holeOf(20, 20), 4)).toEqual([]);
  });
});

describe('boxes', () => {
  it('grow to a size on both sides, and inwards at the border of the image', () => {
    const size = { width: 100, height: 64 };
    expect(growToSize(box(20, 10, 11, 13), { width: 16, height: 16 }, size)).toEqual(box(18, 9, 16, 16));
    expect(growToSize(box(0, 60, 11, 4), { width: 16, height: 16 }, size)).toEqual(box(0, 48, 16, 16));
    expect(growToSize(box(3, 3, 90, 60), { width: 112, height: 64 }, size)).toEqual(box(0, 0, 100, 64));
    expect(growToSize(box(3, 3, 90, 60), { width: 16, height: 16 }, size)).toEqual(box(3, 3, 90, 60));
  });

  it('grow up to the border of the image', () => {
    expect(growBox(box(5, 50, 10, 10), 20, { width: 100, height: 64 })).toEqual(box(0, 30, 35, 34));
  });

  it('are grouped until no two meet, also where the join only meets a third', () => {
    const items = [box(0, 0, 4, 30), box(20, 0, 4, 4), box(2, 20, 20, 4), box(40, 0, 2, 2)];
    const groups = groupByBox(items, (item) => item);
    expect(groups.map((group) => group.box)).toEqual([box(0, 0, 24, 30), box(40, 0, 2, 2)]);
    expect(groups.map((group) => group.items.length)).toEqual([3, 1]);
  });
});

describe('resizing', () => {
  const ramp = {
    width: 64,
    height: 48,
    channels: 1,
    data: Float32Array.from({ length: 3072 }, (_, i) => i % 64),
  };

  it('keeps a linear ramp linear, down and up again', () => {
    const small = shrink(ramp, { width: 16, height: 12 });
    // The centre of small pixel x is at 4x + 1.5 of the large ones.
    for (let x = 1; x < 15; x++) expect(small.data[5 * 16 + x]).toBeCloseTo(4 * x + 1.5, 4);
    const large = enlarge(small, { width: 64, height: 48 });
    for (let x = 8; x < 56; x++) expect(large.data[20 * 64 + x]).toBeCloseTo(x, 4);
  });

  it('means over what is known only, and tells how much that is', () => {
    const weight = Float32Array.from({ length: 3072 }, (_, i) => (i % 64 < 30 ? 1 : 0));
    const data = ramp.data.map((value) => (value < 30 ? 7 : 250));
    const { image, weight: known } = shrinkKnown(
      { image: { ...ramp, data }, weight },
      { width: 16, height: 12 },
    );
    expect(image.data[7]).toBeCloseTo(7, 5);
    expect(known[3]).toBeCloseTo(1, 5);
    expect(known[12]).toBe(0);
    // Pixel 7 reaches from 27.4 to 32.6 with its overlap; 2.6 of 5.2 is known.
    expect(known[7]).toBeCloseTo(0.5, 4);
  });
});
