import type { Sharp } from 'sharp';
import type { Image } from '../vision/image/image.js';

/** Above this a mask of 16 bits uses them; below, its values are those of 8 bits, or numbers of classes. */
const MOST_OF_BYTE = 255;

/** Pixels of a mask as four bytes each. Of 16 bits the values are kept where they fit into 8: scaled they would be lost. */
export async function readMaskPixels(image: Sharp): Promise<Image> {
  const { depth } = await image.metadata();
  if (depth !== 'ushort')
    return pixelsOf(image.clone().toColourspace('srgb').ensureAlpha().raw({ depth: 'uchar' }));
  const wide = await pixelsOf(image.clone().toColourspace('rgb16').removeAlpha().raw({ depth: 'ushort' }));
  const values = new Uint16Array(wide.data.buffer, wide.data.byteOffset, wide.data.byteLength / 2);
  const scaled = await pixelsOf(image.clone().toColourspace('srgb').ensureAlpha().raw({ depth: 'uchar' }));
  if (values.some((value) => value > MOST_OF_BYTE)) return scaled;
  for (let pixel = 0; pixel < scaled.data.length / 4; pixel += 1)
    for (let channel = 0; channel < 3; channel += 1)
      scaled.data[4 * pixel + channel] = values[3 * pixel + channel];
  return scaled;
}

async function pixelsOf(image: Sharp): Promise<Image> {
  const { data, info } = await image.toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}
