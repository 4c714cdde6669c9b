import { toBytes, type Image } from '../../../../../src/vision/image/image.js';
import { pushPullFill } from '../../../../../src/vision/inpainting/push-pull.js';
import { continueEdges } from '../../../../../src/vision/inpainting/structure/edge-continuation.js';
import { findEdgePoints } from '../../../../../src/vision/inpainting/structure/edge-points.js';
import {
  holeError,
  holeOf,
  knownChanges,
  paint,
  spoil,
} from '../../../../factories/images/inpainting-images.js';
import type { Mask } from '../../../../../src/vision/image/mask.js';

const hole = holeOf(160, 120, { left: 60, top: 40, width: 44, height: 40 });
/** A straight edge, soft over three pixels as a lens draws it. */
const roof = paint(160, 120, (x, y) => {
  const share = Math.min(1, Math.max(0, (y - 0.45 * x - 14) / 3 + 0.5));
  return [90 + 60 * share, 140 - 50 * share, 220 - 160 * share];
});

function inputOf(truth: Image, mask: Mask) {
  const image = spoil(truth, mask);
  return { image, hole: mask, guide: toBytes(pushPullFill(image, mask)) };
}

describe('edges across a hole', () => {
  it('are found where they meet it, with their direction and colours', () => {
    const points = findEdgePoints(roof, hole);
    expect(points.length).toBeGreaterThanOrEqual(2);
    for (const point of points) {
      expect(Math.abs(point.y - 0.45 * point.x - 14)).toBeLessThan(4);
      // The brighter side is above: its unit normal is (0.45, -1) / 1.0966. Within 5 degrees.
      const aligned = (0.45 * point.normalX - point.normalY) / 1.0966;
      expect(aligned).toBeGreaterThan(Math.cos((5 * Math.PI) / 180));
      expect([...point.profile.slice(-3)]).toEqual([90, 140, 220]);
      expect([...point.profile.slice(0, 3)]).toEqual([150, 90, 60]);
    }
  });

  it('are drawn on from side to side: next to the edge the guide is right, where a smooth fill has a mixture', () => {
    const input = inputOf(roof, hole);
    const drawn = continueEdges(input);
    const near = { ...hole, data: hole.data.slice() };
    for (let i = 0; i < near.data.length; i++) {
      if (Math.abs(Math.floor(i / 160) - 0.45 * (i % 160) - 14) > 6) near.data[i] = 0;
    }
    expect(holeError(input.guide, roof, near)).toBeGreaterThan(25);
    expect(holeError(drawn, roof, near)).toBeLessThan(12);
    expect(knownChanges(drawn, input.image, hole)).toBe(0);
  });

  it('are not made up: nothing is drawn on a plain, nor between edges with other colours or directions', () => {
    const plain = inputOf(
      paint(160, 120, (x, y) => [100 + x / 4, 120, 80 + y / 4]),
      hole,
    );
    expect(continueEdges(plain)).toBe(plain.guide);
    const unlike = inputOf(
      paint(160, 120, (x, y) =>
        x < 82 ? (y < 60 ? [250, 250, 250] : [10, 10, 10]) : x < 150 ? [90, 120, 90] : [95, 125, 95],
      ),
      hole,
    );
    expect(continueEdges(unlike)).toBe(unlike.guide);
  });
});
