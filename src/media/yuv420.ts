import type { Size } from '../vision/image/image.js';

/** Weights of red and blue in luma, by FFmpeg's name of the colour matrix. */
const WEIGHTS: Readonly<Record<string, readonly [red: number, blue: number]>> = {
  bt709: [0.2126, 0.0722],
  fcc: [0.3, 0.11],
  smpte240m: [0.212, 0.087],
  bt2020nc: [0.2627, 0.0593],
  bt2020c: [0.2627, 0.0593],
};

/** BT.601, which FFmpeg assumes when a file declares no matrix. */
const BT601: readonly [number, number] = [0.299, 0.114];

/** Limited range: black level of luma, and the span of luma and chroma. */
const BLACK = 16;
const LUMA_STEPS = 219;
const CHROMA_STEPS = 224;
const NEUTRAL = 128;

/** Size of a 4:2:0 frame in bytes: each block of 2x2 pixels shares its chroma, also at odd sides. */
export function yuv420Bytes({ width, height }: Size): number {
  return width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
}

/**
 * Converts frames between 4:2:0 (planes Y, U and V, limited range) and RGB. Videos are decoded and encoded in
 * 4:2:0, so that pixels outside of the hole reach the encoder exactly as decoded.
 */
export class Yuv420 {
  readonly #size: Size;
  readonly #red: number;
  readonly #blue: number;

  /** @param matrix FFmpeg's name of the colour matrix; BT.601 for null and unknown names */
  constructor(size: Size, matrix: string | null) {
    this.#size = size;
    [this.#red, this.#blue] = WEIGHTS[matrix ?? ''] ?? BT601;
  }

  /** The frame in RGB, row by row; the pixels of a 2x2 block share their chroma. */
  toRgb(yuv: Uint8Array): Uint8Array {
    const { width, height } = this.#size;
    const [red, blue] = [this.#red, this.#blue];
    const green = 1 - red - blue;
    const half = Math.ceil(width / 2);
    const uPlane = width * height;
    const vPlane = uPlane + half * Math.ceil(height / 2);
    // A clamped array rounds and limits values to 0 to 255.
    const rgb = new Uint8ClampedArray(3 * width * height);
    for (let y = 0, pixel = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1, pixel += 1) {
        const block = (y >> 1) * half + (x >> 1);
        const luma = ((yuv[pixel] - BLACK) * 255) / LUMA_STEPS;
        const towardsBlue = ((yuv[uPlane + block] - NEUTRAL) * 255 * 2 * (1 - blue)) / CHROMA_STEPS;
        const towardsRed = ((yuv[vPlane + block] - NEUTRAL) * 255 * 2 * (1 - red)) / CHROMA_STEPS;
        rgb[3 * pixel] = luma + towardsRed;
        rgb[3 * pixel + 1] = luma - (red * towardsRed + blue * towardsBlue) / green;
        rgb[3 * pixel + 2] = luma + towardsBlue;
      }
    }
    return new Uint8Array(rgb.buffer);
  }

  /**
   * The frame with the pixels where `mask` (one byte per pixel) is not 0 replaced by an RGB image. Luma
   * changes only inside of the mask, chroma in the 2x2 blocks that it touches; everything else is
   * bit-identical to `yuv`.
   */
  paint(yuv: Uint8Array, rgb: Uint8Array, mask: Uint8Array): Uint8Array {
    const { width, height } = this.#size;
    const out = new Uint8ClampedArray(yuv);
    const green = 1 - this.#red - this.#blue;
    const lumaOf = (at: number) => this.#red * rgb[at] + green * rgb[at + 1] + this.#blue * rgb[at + 2];
    for (let y = 0; y < height; y += 2) {
      for (let x = 0; x < width; x += 2) {
        const first = y * width + x;
        const right = x + 1 < width ? first + 1 : first;
        const below = y + 1 < height ? width : 0;
        // Most blocks have no masked pixel, so this check avoids an allocation.
        if ((mask[first] | mask[right] | mask[first + below] | mask[right + below]) === 0) continue;
        const block = [...new Set([first, right, first + below, right + below])];
        for (const pixel of block)
          if (mask[pixel] > 0) out[pixel] = BLACK + (lumaOf(3 * pixel) * LUMA_STEPS) / 255;
        this.#paintColour(out, rgb, { x, y, block });
      }
    }
    return new Uint8Array(out.buffer);
  }

  #paintColour(
    out: Uint8ClampedArray,
    rgb: Uint8Array,
    { x, y, block }: { readonly x: number; readonly y: number; readonly block: readonly number[] },
  ): void {
    const { width, height } = this.#size;
    const half = Math.ceil(width / 2);
    const mean = (channel: number) =>
      block.reduce((sum, pixel) => sum + rgb[3 * pixel + channel], 0) / block.length;
    const [r, g, b] = [mean(0), mean(1), mean(2)];
    const luma = this.#red * r + (1 - this.#red - this.#blue) * g + this.#blue * b;
    const u = width * height + (y >> 1) * half + (x >> 1);
    const v = u + half * Math.ceil(height / 2);
    out[u] = NEUTRAL + ((b - luma) / (2 * (1 - this.#blue))) * (CHROMA_STEPS / 255);
    out[v] = NEUTRAL + ((r - luma) / (2 * (1 - this.#red))) * (CHROMA_STEPS / 255);
  }
}
