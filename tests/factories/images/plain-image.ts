import { encodeImage } from '../../../src/media/image-codec.js';

/** A PNG or JPEG of one colour. */
export function plainImage(
  [r, g, b]: readonly [number, number, number],
  {
    width = 16,
    height = 16,
    format = 'png',
  }: { width?: number; height?: number; format?: 'png' | 'jpeg' } = {},
): Promise<Buffer> {
  const data = new Uint8Array(width * height * 3);
  for (let at = 0; at < data.length; at += 3) data.set([r, g, b], at);
  return encodeImage({ width, height, data }, format === 'png' ? { format } : { format, quality: 95 });
}
