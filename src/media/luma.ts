/** Bytes per pixel: R, G and B. */
const RGB_BYTES = 3;
/** Weights of R, G and B in units of 1/65536. Their sum is 65536, so that neutral greys are unchanged. */
const [RED, GREEN, BLUE] = [19_595, 38_470, 7_471];
const HALF = 1 << 15;

/**
 * Luma of sRGB pixels: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601-7, section 2.5.1), computed on the stored
 * bytes. Pillow's `convert('L')`, torchvision and OpenCV do the same, and one-channel networks are trained
 * with them; libvips weights linear light instead, which makes saturated colours much brighter.
 * @param rgb three bytes per pixel
 * @returns one byte per pixel
 */
export function toLuma(rgb: Uint8Array): Uint8Array {
  const luma = new Uint8Array(rgb.length / RGB_BYTES);
  for (let index = 0, at = 0; index < luma.length; index += 1, at += RGB_BYTES) {
    luma[index] = (rgb[at] * RED + rgb[at + 1] * GREEN + rgb[at + 2] * BLUE + HALF) >> 16;
  }
  return luma;
}
