import type { Sharp } from 'sharp';
import type { Image } from '../vision/image/image.js';

/** Maximum value of 8 bits. A 16-bit mask without larger values contains 8-bit values or class numbers. */
const MAX_BYTE = 255;

/**
 * Pixels of a mask with four bytes each. 16-bit values that fit into 8 bits are kept, since scaling would
 * reduce them to zero.
 */
export async function readMaskPixels(image: Sharp): Promise<Image> {
  const { depth } = await image.metadata();
  if (depth !== 'ushort')
    return pixelsOf(image.clone().toColourspace('srgb').ensureAlpha().raw({ depth: 'uchar' }));
  const wide = await pixelsOf(image.clone().toColourspace('rgb16').removeAlpha().raw({ depth: 'ushort' }));
  const values = new Uint16Array(wide.data.buffer, wide.data.byteOffset, wide.data.byteLength / 2);
  const scaled = await pixelsOf(image.clone().toColourspace('srgb').ensureAlpha().raw({ depth: 'uchar' }));
  if (values.some((value) => value > MAX_BYTE)) return scaled;
  for (let pixel = 0; pixel < scaled.data.length / 4; pixel += 1)
    for (let channel = 0; channel < 3; channel += 1)
      scaled.data[4 * pixel + channel] = values[3 * pixel + channel];
  return scaled;
}

async function pixelsOf(image: Sharp): Promise<Image> {
  const { data, info } = await image.toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}
