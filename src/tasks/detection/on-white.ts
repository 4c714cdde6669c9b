import type { OpenImage } from '../../media/image-file.js';
import type { Image } from '../../vision/image/image.js';

/** Composites an image on white, as detectors expect it. */
export function onWhite({ width, height, data, alpha }: OpenImage): Image {
  if (alpha === null) return { width, height, data };
  const opaque = data.map((value, at) => {
    const opacity = alpha[Math.floor(at / 3)];
    return Math.round((value * opacity + 255 * (255 - opacity)) / 255);
  });
  return { width, height, data: opaque };
}
