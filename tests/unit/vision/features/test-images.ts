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

/** How {@link spotsSeen} shows its spots: turned around the middle of the image, then enlarged and moved. */
export interface SpotView {
  readonly degrees?: number;
  readonly scale?: number;
  readonly shift?: readonly [number, number];
  /** Factor of the brightness, and what is added to it. */
  readonly light?: readonly [number, number];
}

/** Where a view shows a place of the plain one, and what becomes of the image there: row by row. */
export function spotMap(
  { degrees = 0, scale = 1, shift: [dx, dy] = [0, 0] }: SpotView,
  { width, height }: Pick<Image, 'width' | 'height'>,
) {
  const [cosine, sine] = [Math.cos, Math.sin].map((of) => scale * of((degrees * Math.PI) / 180));
  const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2];
  const place = (x: number, y: number): readonly [number, number] => [
    cosine * (x - middleX) - sine * (y - middleY) + middleX + dx,
    sine * (x - middleX) + cosine * (y - middleY) + middleY + dy,
  ];
  return { place, stretch: [cosine, -sine, sine, cosine] as const };
}

/** Smooth bright and dark spots at random places, the same at the same seed, at the fractions of pixels where a view has them. */
export function spotsSeen(width: number, height: number, view: SpotView = {}): Image {
  const random = createSeededRandom(19);
  const { place } = spotMap(view, { width, height });
  const [factor, added] = view.light ?? [1, 0];
  const light = new Float64Array(width * height).fill(128);
  for (let n = 0; n < (width * height) / 40; n++) {
    const [x0, y0] = place((1.6 * random() - 0.3) * width, (1.6 * random() - 0.3) * height);
    const sigma = (1.5 + 2 * random()) * (view.scale ?? 1);
    const bump = 240 * random() - 120;
    const reach = 4 * sigma;
    for (let y = Math.max(0, Math.ceil(y0 - reach)); y < Math.min(height, y0 + reach); y++)
      for (let x = Math.max(0, Math.ceil(x0 - reach)); x < Math.min(width, x0 + reach); x++)
        light[y * width + x] += bump * Math.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * sigma ** 2));
  }
  const data = Uint8ClampedArray.from(light, (value) => 128 + factor * (value - 128) * 0.5 + added);
  return { width, height, data: new Uint8Array(data) };
}
