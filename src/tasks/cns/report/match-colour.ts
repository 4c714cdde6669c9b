import type { Point, Rgb } from '../../drawing/rgb-canvas.js';

/** Hue by direction from the centre of the goal image, so that a wrong match differs from its neighbours. */
export function matchColour(
  [x, y]: Point,
  { width, height }: { readonly width: number; readonly height: number },
): Rgb {
  const direction = Math.atan2(y - height / 2, x - width / 2);
  const channel = (shift: number): number => 140 + 110 * Math.cos(direction - shift);
  return [channel(0), channel((2 * Math.PI) / 3), channel((4 * Math.PI) / 3)];
}
