/** R, G and B bytes of a pixel. */
const COLOURS = 3;
/** Shares of R, G and B in luma, in 65536ths; together they are one, so that neutral greys stay what they are. */
const [RED, GREEN, BLUE] = [19_595, 38_470, 7_471];
const HALF = 1 << 15;

/**
 * Luma of sRGB pixels: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601-7, section 2.5.1) of the bytes as they are stored. So do
 * Pillow's `convert('L')`, torchvision and OpenCV, with which one-channel networks are trained; libvips weighs light, not
 * bytes, which makes saturated colours much brighter.
 * @param rgb three bytes a pixel
 * @returns one byte a pixel
 */
export function toLuma(rgb: Uint8Array): Uint8Array {
  const luma = new Uint8Array(rgb.length / COLOURS);
  for (let index = 0, at = 0; index < luma.length; index += 1, at += COLOURS) {
    luma[index] = (rgb[at] * RED + rgb[at + 1] * GREEN + rgb[at + 2] * BLUE + HALF) >> 16;
  }
  return luma;
}
