import { channelsOf, type FloatImage, type Size } from './image.js';

/** An image with a weight per pixel: how much of it is known, 0 to 1. */
export interface WeightedImage {
  readonly image: FloatImage;
  readonly weight: Float32Array;
}

/** Overlap of target cells as a share of a cell, which reduces aliasing at the smallest sizes. */
const OVERLAP = 0.15;

/** Source cells, and how much of each belongs to one target cell, along one axis. */
interface Span {
  readonly first: number;
  readonly shares: Float32Array;
  /** Sum of the shares. */
  readonly area: number;
}

/**
 * Shrinks an image to `width` x `height` by means over the area of each target pixel, weighted by how much of each
 * source pixel is known. The new weight is the known share of the area; pixels with no known source are 0. Used by the
 * fills, so that the content of a hole does not leak into the colours around it.
 */
export function shrinkKnown(source: WeightedImage, { width, height }: Size): WeightedImage {
  const { image } = source;
  const columns = spans(image.width, width);
  const sums = shrinkRows(source, columns);
  const rows = spans(image.height, height);
  const shrunk = shrinkColumns(sums, rows, { width, height, channels: channelsOf(image) });
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) shrunk.weight[i] /= columns[x].area * rows[y].area;
  }
  return shrunk;
}

/** As {@link shrinkKnown}, with every pixel known. */
export function shrink(image: FloatImage, size: Size): FloatImage {
  const weight = new Float32Array(image.width * image.height).fill(1);
  return shrinkKnown({ image, weight }, size).image;
}

function spans(from: number, to: number): readonly Span[] {
  const scale = from / to;
  return Array.from({ length: to }, (_, i) => {
    const start = Math.max(0, (i - OVERLAP) * scale);
    const end = Math.min(from, (i + 1 + OVERLAP) * scale);
    const first = Math.floor(start);
    const count = Math.min(from, Math.ceil(end)) - first;
    const shares = Float32Array.from(
      { length: count },
      (_unused, k) => Math.min(first + k + 1, end) - Math.max(first + k, start),
    );
    return { first, shares, area: end - start };
  });
}

/** Sums of weight times value along x, with the weight as one more channel: [height, width, channels + 1]. */
function shrinkRows({ image, weight }: WeightedImage, columns: readonly Span[]): Float32Array {
  const { data } = image;
  const channels = channelsOf(image);
  const width = columns.length;
  const stride = channels + 1;
  const sums = new Float32Array(image.height * width * stride);
  for (let y = 0, to = 0; y < image.height; y++) {
    const row = y * image.width;
    for (let x = 0; x < width; x++, to += stride) {
      const { first, shares } = columns[x];
      for (let k = 0; k < shares.length; k++) {
        const from = row + first + k;
        const share = shares[k] * weight[from];
        if (share === 0) continue;
        for (let c = 0; c < channels; c++) sums[to + c] += share * data[from * channels + c];
        sums[to + channels] += share;
      }
    }
  }
  return sums;
}

function shrinkColumns(
  sums: Float32Array,
  rows: readonly Span[],
  { width, height, channels }: { width: number; height: number; channels: number },
): WeightedImage {
  const stride = channels + 1;
  const data = new Float32Array(width * height * channels);
  const weight = new Float32Array(width * height);
  const total = new Float64Array(stride);
  for (let y = 0; y < height; y++) {
    const { first, shares } = rows[y];
    for (let x = 0; x < width; x++) {
      total.fill(0);
      for (let k = 0; k < shares.length; k++) {
        const from = ((first + k) * width + x) * stride;
        for (let c = 0; c < stride; c++) total[c] += shares[k] * sums[from + c];
      }
      const to = y * width + x;
      weight[to] = total[channels];
      if (total[channels] > 0)
        for (let c = 0; c < channels; c++) data[to * channels + c] = total[c] / total[channels];
    }
  }
  return { image: { width, height, data }, weight };
}
