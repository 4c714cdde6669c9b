import { shrink, shrinkKnown } from './area-resize.js';
import { channelsOf, toBytes, type FloatImage, type Image, type Size } from './image.js';
import { HOLE, type Mask } from './mask.js';

/**
 * Downscales an image with a hole: known pixels become area means of known source pixels; a pixel is a hole when less
 * than half of its area is known.
 */
export function reduceWithHole(
  image: Image,
  hole: Mask,
  size: Size,
): { readonly image: Image; readonly hole: Mask } {
  const weight = Float32Array.from(hole.data, (value) => (value > 0 ? 0 : 1));
  const reduced = shrinkKnown({ image: toFloats(image), weight }, size);
  return {
    image: toBytes(reduced.image),
    hole: { ...size, data: Uint8Array.from(reduced.weight, (value) => (value < 0.5 ? HOLE : 0)) },
  };
}

/** Downscales by area means. */
export function reduceImage(image: Image, size: Size): Image {
  return toBytes(shrink(toFloats(image), size));
}

/**
 * Resizes, usually upwards, by linear interpolation between pixel centres. For fills computed on a smaller copy: not
 * rounded, and without overshoot next to the edge of a hole.
 */
export function enlarge(image: FloatImage, size: Size): FloatImage {
  const { data: source } = image;
  const channels = channelsOf(image);
  const columns = positions(image.width, size.width);
  const rows = positions(image.height, size.height);
  const data = new Float32Array(size.width * size.height * channels);
  let to = 0;
  for (const { first: y0, second: y1, share: fy } of rows) {
    for (const { first: x0, second: x1, share: fx } of columns) {
      const a = (y0 * image.width + x0) * channels;
      const b = (y0 * image.width + x1) * channels;
      const c = (y1 * image.width + x0) * channels;
      const d = (y1 * image.width + x1) * channels;
      for (let k = 0; k < channels; k++, to++) {
        const upper = source[a + k] + fx * (source[b + k] - source[a + k]);
        const lower = source[c + k] + fx * (source[d + k] - source[c + k]);
        data[to] = upper + fy * (lower - upper);
      }
    }
  }
  return { ...size, data };
}

/** The size with the same aspect ratio whose long side is at most `longest`; never larger than the input. */
export function sizeWithin({ width, height }: Size, longest: number): Size {
  const scale = Math.min(1, longest / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** Converts the bytes of an image to floating-point numbers. */
export const toFloats = ({ width, height, data }: Image): FloatImage => ({
  width,
  height,
  data: Float32Array.from(data),
});

function positions(from: number, to: number): { first: number; second: number; share: number }[] {
  return Array.from({ length: to }, (_, i) => {
    const at = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5));
    const first = Math.floor(at);
    return { first, second: Math.min(from - 1, first + 1), share: at - first };
  });
}
