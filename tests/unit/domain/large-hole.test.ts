import { largeHoleReason } from '../../../src/domain/large-hole.js';
import { measureHole } from '../../../src/vision/inpainting/hole-size.js';
import { inpaintingTask } from '../../../src/tasks/inpainting/task.js';
import { rectangleMask } from '../../support/inpainting-run.js';

const size = { width: 200, height: 100 };
const sizeOf = (left: number, top: number, right: number, bottom: number) =>
  measureHole({ ...size, data: rectangleMask(size, { left, top, right, bottom }) });

describe('large hole', () => {
  it('a hole is large by its share or by the circle that fits into it', () => {
    // 8000 of 20000 pixels.
    expect(largeHoleReason(sizeOf(50, 10, 150, 90))).toContain('40 %');
    // 40 x 40 pixels: 8 %, but wider than a quarter of 100.
    expect(largeHoleReason(sizeOf(50, 30, 90, 70))).toMatch(/circle of 4[0-2] pixels/);
  });

  it('long strokes and small boxes are not large', () => {
    // 20 % of the image, 20 pixels wide.
    expect(largeHoleReason(sizeOf(0, 40, 200, 60))).toBeNull();
    expect(largeHoleReason(sizeOf(50, 30, 72, 52))).toBeNull();
  });

  it('masks of many megapixels are measured as well, within a hundredth', () => {
    const large = { width: 9000, height: 4500 };
    const box = { left: 2000, top: 1000, right: 4003, bottom: 3003 };
    const { circle } = measureHole({ ...large, data: rectangleMask(large, box) });
    expect(Math.abs((circle ?? 0) - 2003)).toBeLessThan(20);
  });

  it('the quote warns of masks with a large share or a wide circle', () => {
    const media = { kind: 'image', width: 200, height: 100, frameCount: 1, fps: null } as const;
    const item = { number: 1, file: 'image_1.png', source: media, mask: media, sampledFrames: 1 };
    const items = [
      { ...item, name: 'beach.png', holeShare: 0.41 },
      { ...item, name: 'wire.png', holeShare: 0.05 },
      { ...item, name: 'wire2.png', holeShare: 0.3, holeCircle: 25 },
      { ...item, name: 'head.png', holeShare: 0.08, holeCircle: 26 },
      { ...item, name: 'inverted.png', holeShare: 0.97 },
    ];
    const warnings = inpaintingTask.warnings?.({ input: { datasetId: 'd', items }, media: {} });
    expect(warnings).toHaveLength(3);
    expect(warnings?.[0]).toContain('beach.png: The hole covers 41 %');
    expect(warnings?.[0]).toContain('models -- pull');
    expect(warnings?.[1]).toContain('head.png: A circle of 26 pixels');
    expect(warnings?.map((warning) => warning.includes('invert it'))).toEqual([false, false, true]);
  });
});
