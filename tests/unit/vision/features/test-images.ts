import { createSeededRandom } from '../../../../src/vision/geometry/two-view/seeded-random.js';
import type { Image } from '../../../../src/vision/image/image.js';

/** Grey rectangles at random places on grey, the same at the same seed; `shift` moves all of them. */
export function rectangles(
  width: number,
  height: number,
  [dx, dy]: readonly [number, number] = [0, 0],
  contrast = 1,
): Image {
  const random = createSeededRandom(77);
  const data = new Uint8Array(width * height).fill(128);
  for (let n = 0; n < 260; n++) {
    const [x0, y0] = [random() * width * 1.4 - width * 0.2, random() * height * 1.4 - height * 0.2].map(
      Math.round,
    );
    const [w, h, grey] = [8 + random() * 40, 8 + random() * 40, 128 + (random() * 255 - 128) * contrast];
    for (let y = Math.max(0, y0 + dy); y < Math.min(height, y0 + dy + h); y++) {
      data.fill(
        grey,
        y * width + Math.max(0, Math.min(width, x0 + dx)),
        y * width + Math.max(0, Math.min(width, x0 + dx + w)),
      );
    }
  }
  return { width, height, data };
}

/** One grey everywhere. */
export const flat = (width: number, height: number, grey: number): Image => ({
  width,
  height,
  data: new Uint8Array(width * height).fill(grey),
});
