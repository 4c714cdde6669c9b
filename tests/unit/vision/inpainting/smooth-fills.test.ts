import { classicFill } from '../../../../src/vision/inpainting/opencv/opencv-fill.js';
import { pushPullFill } from '../../../../src/vision/inpainting/push-pull.js';
import { holeOf, knownChanges, paint, spoil } from '../../../factories/images/inpainting-images.js';

const box = (left: number, top: number, width: number, height: number) => ({ left, top, width, height });

describe('push-pull', () => {
  it.each([
    [33, 17],
    [64, 64],
    [1, 40],
  ])('continues a constant exactly at %ix%i', (width, height) => {
    const truth = paint(width, height, () => [200, 31, 90]);
    const hole = holeOf(width, height, box(0, 5, Math.ceil(width / 2), 9));
    const filled = pushPullFill(spoil(truth, hole), hole);
    filled.data.forEach((value, i) => expect(value).toBeCloseTo(truth.data[i], 3));
  });

  it('fills a hole in the middle of a ramp by the mean of both sides, and mirrors with the image', () => {
    const truth = paint(65, 65, (x) => [2 * x + 40, 0, 0]);
    const hole = holeOf(65, 65, box(24, 24, 17, 17));
    const filled = pushPullFill(spoil(truth, hole), hole);
    expect(filled.data[(32 * 65 + 32) * 3]).toBeCloseTo(104, 0);
    for (let x = 25; x < 40; x++) {
      const left = filled.data[(32 * 65 + x) * 3];
      const right = filled.data[(32 * 65 + (64 - x)) * 3];
      expect(left + right).toBeCloseTo(208, 1);
    }
  });

  it('leaves known pixels as they are', () => {
    const truth = paint(50, 41, (x, y) => [x * 5, y * 6, (x * y) % 256]);
    const hole = holeOf(50, 41, box(10, 10, 20, 20));
    expect(knownChanges(pushPullFill(spoil(truth, hole), hole), truth, hole)).toBe(0);
  });
});

describe("OpenCV's fills", () => {
  const truth = paint(20, 16, (x, y) => [
    (x * 12 + y * 3) % 256,
    255 - x * 7 - y * 5,
    ((x * x + y * y) * 2) % 256,
  ]);
  const hole = holeOf(20, 16, box(7, 5, 5, 5));
  const at = (data: Uint8Array, x: number, y: number) => [
    ...data.subarray((y * 20 + x) * 3, (y * 20 + x) * 3 + 3),
  ];

  // Read off the same image filled by Python's OpenCV 4.14 with radius 3.
  it.each([
    ['telea', [88, 191, 118], [128, 161, 149], [170, 127, 168]],
    ['navier_stokes', [94, 185, 133], [126, 161, 145], [163, 130, 168]],
  ] as const)('%s gives what native OpenCV gives', async (kind, corner, middle, end) => {
    const filled = await classicFill(kind, spoil(truth, hole), hole);
    const found = [at(filled.data, 7, 5), at(filled.data, 9, 7), at(filled.data, 11, 9)];
    [corner, middle, end].forEach((expected, k) =>
      expected.forEach((value, c) => expect(Math.abs(found[k][c] - value)).toBeLessThanOrEqual(1)),
    );
    expect(knownChanges(filled, truth, hole)).toBe(0);
  });
});
