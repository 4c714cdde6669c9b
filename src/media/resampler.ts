import type { Interpolation } from '../domain/preprocessing.js';
import type { ImagePlacement } from './image-placement.js';
import type { Image } from '../vision/image/image.js';

/** Bytes per pixel: R, G and B. */
const RGB_BYTES = 3;
/**
 * Weights are fixed-point numbers with this many fraction bits, so that sums of bytes fit into 32 bits even
 * for kernels that overshoot.
 */
const WEIGHT_BITS = 22;
const ONE = 2 ** WEIGHT_BITS;

interface Kernel {
  /** Radius of the kernel in pixels. */
  readonly reach: number;
  weigh(distance: number): number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/**
 * Filters of Pillow (src/libImaging/Resample.c), which torchvision's resizing matches. Distances are not
 * negative.
 */
const KERNELS: Record<Exclude<Interpolation, 'nearest'>, Kernel> = {
  bilinear: { reach: 1, weigh: (x) => Math.max(0, 1 - x) },
  // R. G. Keys, "Cubic convolution interpolation for digital image processing", IEEE Trans. ASSP 29 (6),
  // 1981, a = -1/2.
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

/** Filter taps: for each pixel of the output line, the source pixels and their weights. */
interface Taps {
  /** First source pixel of each output pixel. */
  readonly first: Int32Array;
  readonly counts: Int32Array;
  /** `most` weights per output pixel, of which `counts` are used. */
  readonly weights: Int32Array;
  readonly most: number;
}

/**
 * Resizing of a line from `from` to `to` pixels, of which `count` pixels starting at `start` are computed.
 */
interface Line {
  readonly from: number;
  readonly to: number;
  readonly start: number;
  readonly count: number;
}

/**
 * Resizes a colour image with a separable filter. Pixel centres are at 0.5, so that the image does not shift;
 * filters widen when a side shrinks; pixels outside of the image have no weight. The horizontal pass comes
 * first, unless the width grows while the height shrinks. The result equals that of Pillow bit by bit (Pillow
 * 13 uses the other order when the height shrinks much more than the width). libvips is not used because it
 * shifts enlarged images by half a pixel (libvips/libvips#943, #4841).
 * It blocks the event loop for a time that grows with the size of the image.
 * @param image three bytes per pixel
 * @returns the requested part of the resized image, three bytes per pixel
 */
export function resample(
  image: Image,
  { whole, part }: Pick<ImagePlacement, 'whole' | 'part'>,
  interpolation: Interpolation,
): Uint8Array {
  const across = { from: image.width, to: whole.width, start: part.left, count: part.width };
  const down = { from: image.height, to: whole.height, start: part.top, count: part.height };
  const [columns, rows] = [across, down].map((line) => tapsOf(line, interpolation));
  const stride = image.width * RGB_BYTES;
  if (down.to < down.from && across.to > across.from)
    return resampleRows(resampleColumns(image.data, stride, rows), stride, columns);
  // Only the rows needed for the requested part are resampled.
  const top = rows.first[0];
  const bottom = rows.first[part.height - 1] + rows.counts[part.height - 1];
  const wide = resampleRows(image.data.subarray(top * stride, bottom * stride), stride, columns);
  return resampleColumns(wide, part.width * RGB_BYTES, {
    ...rows,
    first: rows.first.map((row) => row - top),
  });
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
  // Computed with integers, since (start + index + 0.5) * (from / to) may be rounded to just below a pixel
  // boundary.
  const first = Int32Array.from({ length: count }, (_, index) =>
    Math.floor(((2 * (start + index) + 1) * from) / (2 * to)),
  );
  return { first, counts: new Int32Array(count).fill(1), weights: new Int32Array(count).fill(ONE), most: 1 };
}

/** Resamples every row, `stride` bytes long, to as many pixels as there are taps. */
function resampleRows(data: Uint8Array, stride: number, { first, counts, weights, most }: Taps): Uint8Array {
  const rows = data.length / stride;
  const resized = new Uint8ClampedArray(rows * first.length * RGB_BYTES);
  let out = 0;
  for (let row = 0; row < rows; row += 1) {
    for (let index = 0; index < first.length; index += 1) {
      let at = row * stride + first[index] * RGB_BYTES;
      const start = index * most;
      const end = start + counts[index];
      let [red, green, blue] = [ONE / 2, ONE / 2, ONE / 2];
      for (let tap = start; tap < end; tap += 1) {
        const weight = weights[tap];
        red += data[at] * weight;
        green += data[at + 1] * weight;
        blue += data[at + 2] * weight;
        at += RGB_BYTES;
      }
      resized[out] = red >> WEIGHT_BITS;
      resized[out + 1] = green >> WEIGHT_BITS;
      resized[out + 2] = blue >> WEIGHT_BITS;
      out += RGB_BYTES;
    }
  }
  return new Uint8Array(resized.buffer);
}

/** Resamples the columns of rows of `stride` bytes to as many rows as there are taps. */
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
