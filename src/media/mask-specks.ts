import type { Image } from '../vision/image/image.js';

/** The cleaned mask, and its share of all pixels. */
interface CleanMask {
  readonly mask: Uint8Array;
  readonly share: number;
}

/** Areas with fewer pixels are dots, unless they contain a square of 3 x 3. */
const MIN_PIXELS_OF_A_MARK = 16;

/** Removes single pixels that differ because of compression: only pixels in squares of 3 x 3 remain. */
export function withoutSpecks({ width, height, data }: Image): CleanMask {
  const mask = new Uint8Array(width * height);
  let set = 0;
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1; x < width - 1; x += 1) {
      if (!isFullSquare(data, width, y * width + x)) continue;
      for (let row = y - 1; row <= y + 1; row += 1) mask.fill(255, row * width + x - 1, row * width + x + 2);
    }
  }
  for (const value of mask) if (value > 0) set += 1;
  return { mask, share: set / mask.length };
}

/**
 * Removes only areas that {@link withoutSpecks} would remove and that are small, so that strokes of one or
 * two pixels remain. Diagonal neighbours are connected.
 */
export function withoutDots({ width, height, data }: Image): CleanMask {
  const { mask } = withoutSpecks({ width, height, data });
  const rest = data.map((value, pixel) => (mask[pixel] > 0 ? 0 : value));
  const parts = new ThinParts(rest, width, mask);
  for (let start = 0; start < rest.length; start += 1)
    if (rest[start] > 0) for (const pixel of parts.markFrom(start)) mask[pixel] = 255;
  let set = 0;
  for (const value of mask) if (value > 0) set += 1;
  return { mask, share: set / mask.length };
}

/** Connected areas of the pixels that lie in no square. */
class ThinParts {
  readonly #rest: Uint8Array;
  readonly #width: number;
  readonly #squares: Uint8Array;
  /**
   * Flood-fill queue. It has room for every pixel once, whatever the shape of the areas; images have millions
   * of pixels.
   */
  readonly #queue: Int32Array;

  /** @param rest pixels that lie in no square; cleared while their areas are found */
  constructor(rest: Uint8Array, width: number, squares: Uint8Array) {
    this.#rest = rest;
    this.#width = width;
    this.#squares = squares;
    this.#queue = new Int32Array(rest.reduce((count, value) => (value > 0 ? count + 1 : count), 0));
  }

  /** The pixels of the area around `start`, or none if it is a dot. */
  markFrom(start: number): Int32Array {
    let [count, touchesSquare] = [1, false];
    this.#rest[start] = 0;
    this.#queue[0] = start;
    for (let next = 0; next < count; next += 1) {
      const middle = this.#queue[next];
      const column = middle % this.#width;
      const first = column > 0 ? -1 : 0;
      const last = column < this.#width - 1 ? 1 : 0;
      for (let row = middle - this.#width; row <= middle + this.#width; row += this.#width) {
        // Reads above the first row and below the last one give undefined, which counts as no paint.
        for (let pixel = row + first; pixel <= row + last; pixel += 1) {
          if (this.#squares[pixel] > 0) touchesSquare = true;
          if (!(this.#rest[pixel] > 0)) continue;
          this.#rest[pixel] = 0;
          this.#queue[count] = pixel;
          count += 1;
        }
      }
    }
    return this.#queue.subarray(0, touchesSquare || count >= MIN_PIXELS_OF_A_MARK ? count : 0);
  }
}

function isFullSquare(data: Uint8Array, width: number, at: number): boolean {
  for (const row of [at - width, at, at + width])
    if (data[row - 1] === 0 || data[row] === 0 || data[row + 1] === 0) return false;
  return true;
}
