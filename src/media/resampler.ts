import type { Interpolation } from '../domain/preprocessing.js';
import type { ImagePlacement } from './image-placement.js';
import type { Image } from '../vision/image/image.js';

/** R, G and B bytes of a pixel. */
const COLOURS = 3;
/** Weights are whole numbers; 1 is 2^22, so that sums of bytes stay within 32 bits even where a kernel overshoots. */
const WEIGHT_BITS = 22;
const ONE = 2 ** WEIGHT_BITS;

interface Kernel {
  /** Pixels to either side beyond which it is zero. */
  readonly reach: number;
  weigh(distance: number): number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** Filters as Pillow has them (src/libImaging/Resample.c); torchvision resizes by the same. Distances are not negative. */
const KERNELS: Record<Exclude<Interpolation, 'nearest'>, Kernel> = {
  bilinear: { reach: 1, weigh: (x) => Math.max(0, 1 - x) },
  // R. G. Keys, "Cubic convolution interpolation for digital image processing", IEEE Trans. ASSP 29 (6), 1981, a = -1/2.
  bicubic: {
    reach: 2,
    weigh: (x) => {
      if (x >= 2) return 0;
      return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2;
    },
  },
  // C. E. Duchon, "Lanczos filtering in one and two dimensions", J. Appl. Meteorology 18 (8), 1979, with three lobes.
  lanczos: { reach: 3, weigh: (x) => (x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** Of which pixels in a line those of another length are made. */
interface Taps {
  /** The first source pixel of each. */
  readonly first: Int32Array;
  readonly counts: Int32Array;
  /** `most` for each, of which `counts` are used. */
  readonly weights: Int32Array;
  readonly most: number;
}

/** A line of `from` pixels becomes one of `to`, of which `count` from `start` on are wanted. */
interface Line {
  readonly from: number;
  readonly to: number;
  readonly start: number;
  readonly count: number;
}

/**
 * Resizes an image in colour by a separable filter. Pixels have their places in the middle (0.5), so nothing moves;
 * filters widen where a side is shrunk; at the margins, pixels outside count nothing. Lines become narrower before they
 * become fewer, unless the width grows meanwhile. All of this is as in Pillow, to the last bit (Pillow 13 has the other
 * order where the height is shrunk much more than the width). libvips shifts what it enlarges by half a pixel (libvips/libvips#943, #4841).
 *
 * It blocks for as long as it takes, which grows with the image.
 * @param image three bytes a pixel
 * @returns the wanted part of the resized image, three bytes a pixel
 */
export function resample(
  image: Image,
  { whole, part }: Pick<ImagePlacement, 'whole' | 'part'>,
  interpolation: Interpolation,
): Uint8Array {
  const across = { from: image.width, to: whole.width, start: part.left, count: part.width };
  const down = { from: image.height, to: whole.height, start: part.top, count: part.height };
  const [columns, rows] = [across, down].map((line) => tapsOf(line, interpolation));
  const stride = image.width * COLOURS;
  if (down.to < down.from && across.to > across.from)
    return resampleRows(resampleColumns(image.data, stride, rows), stride, columns);
  // Of a long image whose middle is wanted, most rows are not.
  const top = rows.first[0];
  const bottom = rows.first[part.height - 1] + rows.counts[part.height - 1];
  const wide = resampleRows(image.data.subarray(top * stride, bottom * stride), stride, columns);
  return resampleColumns(wide, part.width * COLOURS, { ...rows, first: rows.first.map((row) => row - top) });
}

function tapsOf({ from, to, start, count }: Line, interpolation: Interpolation): Taps {
  if (interpolation === 'nearest') return nearestOf({ from, to, start, count });
  const ratio = from / to;
  const { reach, weigh } = KERNELS[interpolation];
  const stretch = Math.max(1, ratio);
  const most = Math.ceil(reach * stretch) * 2 + 1;
  const [first, counts, weights] = [count, count, count * most].map((length) => new Int32Array(length));
  for (let index = 0; index < count; index += 1) {
    const middle = (start + index + 0.5) * ratio;
    const begin = Math.max(0, Math.floor(middle - reach * stretch + 0.5));
    const end = Math.min(from, Math.floor(middle + reach * stretch + 0.5));
    const shares = Array.from({ length: end - begin }, (_, tap) =>
      weigh(Math.abs(begin + tap - middle + 0.5) / stretch),
    );
    const sum = shares.reduce((total, share) => total + share, 0);
    weights.set(
      shares.map((share) => Math.sign(share) * Math.round((Math.abs(share) / sum) * ONE)),
      index * most,
    );
    [first[index], counts[index]] = [begin, end - begin];
  }
  return { first, counts, weights, most };
}

function nearestOf({ from, to, start, count }: Line): Taps {
  // In whole numbers, since (start + index + 0.5) * (from / to) may end just before the pixel at whose edge it is.
  const first = Int32Array.from({ length: count }, (_, index) =>
    Math.floor(((2 * (start + index) + 1) * from) / (2 * to)),
  );
  return { first, counts: new Int32Array(count).fill(1), weights: new Int32Array(count).fill(ONE), most: 1 };
}

/** Every row, `stride` bytes long, becomes one of as many pixels as there are taps. */
function resampleRows(data: Uint8Array, stride: number, { first, counts, weights, most }: Taps): Uint8Array {
  const rows = data.length / stride;
  const resized = new Uint8ClampedArray(rows * first.length * COLOURS);
  let out = 0;
  for (let row = 0; row < rows; row += 1) {
    for (let index = 0; index < first.length; index += 1) {
      let at = row * stride + first[index] * COLOURS;
      const start = index * most;
      const end = start + counts[index];
      let [red, green, blue] = [ONE / 2, ONE / 2, ONE / 2];
      for (let tap = start; tap < end; tap += 1) {
        const weight = weights[tap];
        red += data[at] * weight;
        green += data[at + 1] * weight;
        blue += data[at + 2] * weight;
        at += COLOURS;
      }
      resized[out] = red >> WEIGHT_BITS;
      resized[out + 1] = green >> WEIGHT_BITS;
      resized[out + 2] = blue >> WEIGHT_BITS;
      out += COLOURS;
    }
  }
  return new Uint8Array(resized.buffer);
}

/** Rows, `stride` bytes long, become as many as there are taps. */
function resampleColumns(
  data: Uint8Array,
  stride: number,
  { first, counts, weights, most }: Taps,
): Uint8Array {
  const resized = new Uint8ClampedArray(first.length * stride);
  const sums = new Int32Array(stride);
  for (let row = 0; row < first.length; row += 1) {
    sums.fill(ONE / 2);
    for (let tap = 0; tap < counts[row]; tap += 1) {
      const weight = weights[row * most + tap];
      const from = (first[row] + tap) * stride;
      for (let index = 0; index < stride; index += 1) sums[index] += data[from + index] * weight;
    }
    const to = row * stride;
    for (let index = 0; index < stride; index += 1) resized[to + index] = sums[index] >> WEIGHT_BITS;
  }
  return new Uint8Array(resized.buffer);
}
