import type { Image } from '../vision/image/image.js';
/** Number of pixels of each kind in a mask image. */
export interface PixelCounts {
  total: number;
  /** More transparent than opaque; the other kinds count only pixels that are not. */
  clear: number;
  /** Black or nearly black. */
  dark: number;
  /** White or nearly white. */
  light: number;
  /** A strong colour of any brightness. */
  strong: number;
}

/** Statistics of the colours of a mask image. */
export interface MaskColours {
  readonly whole: PixelCounts;
  /** The outermost pixels: the background usually reaches them, painted areas rarely do. */
  readonly border: PixelCounts;
  /** Opaque pixels that are exactly black or white. */
  readonly binary: number;
  /** Whether the visible pixels consist of few colours, as in drawings and unlike in photos. */
  readonly flat: boolean;
  /**
   * Mean of the brightest channel of strong colours, and mean distance of their darkest channel from white.
   */
  readonly paintLevel: number;
  readonly paintDepth: number;
}

/** Minimum difference between the largest and the smallest channel of a strong colour. */
const STRONG = 80;
const DARK = 64;
const LIGHT = 192;
/** Colours are counted by the upper four bits of each channel. */
const BINS = 4096;
/** An image is flat if this many bins contain most of its pixels; soft edges and JPEG artefacts need some. */
const FLAT_BINS = 24;
const FLAT_SHARE = 0.95;

const noCounts = (): PixelCounts => ({ total: 0, clear: 0, dark: 0, light: 0, strong: 0 });

/** Counts the colours of a mask image. */
export function countColours(image: Image): MaskColours {
  const counter = new ColourCounter();
  counter.add(image);
  return counter.colours();
}

/** Counts the colours of a mask: of one image, or of several frames together. */
export class ColourCounter {
  readonly #whole = noCounts();
  readonly #border = noCounts();
  readonly #bins = new Uint32Array(BINS);
  #binary = 0;
  #level = 0;
  #depth = 0;

  add({ width, height, data }: Image): void {
    for (let pixel = 0, at = 0; at < data.length; pixel += 1, at += 4) {
      const [red, green, blue, alpha] = [data[at], data[at + 1], data[at + 2], data[at + 3]];
      const most = Math.max(red, green, blue);
      const least = Math.min(red, green, blue);
      if (alpha === 255 && most === least && (most === 0 || most === 255)) this.#binary += 1;
      const kind = kindOf(most, least, alpha);
      count(this.#whole, kind);
      const column = pixel % width;
      if (column === 0 || column === width - 1 || pixel < width || pixel >= width * (height - 1))
        count(this.#border, kind);
      if (kind === 'clear') continue;
      this.#bins[((red >> 4) << 8) | ((green >> 4) << 4) | (blue >> 4)] += 1;
      if (kind !== 'strong') continue;
      this.#level += most;
      this.#depth += 255 - least;
    }
  }

  colours(): MaskColours {
    const whole = { ...this.#whole };
    return {
      whole,
      border: { ...this.#border },
      binary: this.#binary,
      flat: isFlat(this.#bins, whole.total - whole.clear),
      paintLevel: this.#level / Math.max(1, whole.strong),
      paintDepth: this.#depth / Math.max(1, whole.strong),
    };
  }
}

type Kind = 'clear' | 'dark' | 'light' | 'strong' | 'other';

function kindOf(most: number, least: number, alpha: number): Kind {
  if (alpha < 128) return 'clear';
  if (most - least >= STRONG) return 'strong';
  if (most <= DARK) return 'dark';
  return least >= LIGHT ? 'light' : 'other';
}

function count(counts: PixelCounts, kind: Kind): void {
  counts.total += 1;
  if (kind !== 'other') counts[kind] += 1;
}

function isFlat(bins: Uint32Array, visible: number): boolean {
  const largest = bins
    .slice()
    .sort()
    .subarray(-FLAT_BINS)
    .reduce((sum, size) => sum + size, 0);
  return largest >= FLAT_SHARE * visible;
}
