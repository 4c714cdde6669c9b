import { growBox, type Box } from './box.js';
import { cutMask } from './cut-and-paste.js';
import type { Image } from './image.js';
import { boundsOf, countHoles, HOLE, inverted, type Mask } from './mask.js';

/** Larger than any requested distance, and small enough that its square is exact. */
const FAR = 1e9;

/**
 * Squared distance of every pixel to the nearest hole pixel; exact up to `limit` squared, some larger value beyond.
 * First along columns, then the lower envelope of parabolas along rows (Felzenszwalb and Huttenlocher 2012), found by
 * direct search since `limit` is small.
 */
function squaredDistances({ width, height, data }: Mask, limit: number): Float32Array {
  const columns = columnDistances({ width, height, data });
  const squared = new Float32Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const row = y * width;
    for (let x = 0; x < width; x += 1) {
      let best = columns[row + x] * columns[row + x];
      // Pixels of the row beyond the best distance so far cannot be nearer.
      for (let step = 1; step <= limit && step * step < best; step += 1) {
        const left = x >= step ? columns[row + x - step] : FAR;
        const right = x + step < width ? columns[row + x + step] : FAR;
        const nearer = Math.min(left, right);
        best = Math.min(best, nearer * nearer + step * step);
      }
      squared[row + x] = best;
    }
  }
  return squared;
}

/** Distance within each column to the nearest hole pixel. Iterates row by row for cache locality. */
function columnDistances({ width, height, data }: Mask): Float32Array {
  const distance = new Float32Array(width * height);
  for (let pixel = 0; pixel < distance.length; pixel += 1) {
    if (data[pixel] === 0) distance[pixel] = pixel < width ? FAR : distance[pixel - width] + 1;
  }
  for (let pixel = distance.length - 1 - width; pixel >= 0; pixel -= 1) {
    const below = distance[pixel + width] + 1;
    if (below < distance[pixel]) distance[pixel] = below;
  }
  return distance;
}

/**
 * Grows a mask by `grow` pixels. `weight` is the blend weight of the fill, 0 to 255: 255 in the mask itself, falling
 * over `feather` pixels towards the outer edge of the added ring. Without a ring the seam is sharp.
 */
export function growAndFeather(
  mask: Mask,
  { grow, feather }: { readonly grow: number; readonly feather: number },
): { readonly grown: Mask; readonly weight: Image } {
  const { width, height } = mask;
  const grown = new Uint8Array(width * height);
  const weight = new Uint8Array(width * height);
  const squared = grow > 0 ? squaredDistances(mask, grow) : null;
  const seam = Math.min(feather, grow);
  for (let pixel = 0; pixel < grown.length; pixel += 1) {
    const distance = squared === null ? (mask.data[pixel] > 0 ? 0 : FAR) : Math.sqrt(squared[pixel]);
    if (distance > grow) continue;
    grown[pixel] = HOLE;
    weight[pixel] = seam === 0 ? 255 : Math.round(255 * Math.min(1, (grow + 1 - distance) / (seam + 1)));
  }
  return { grown: { width, height, data: grown }, weight: { width, height, data: weight } };
}

/** Default growth in pixels. */
const DEFAULT_GROW = 3;
/** Default growth in pixels of thin masks. */
const THIN_GROW = 1;
/** Masks count as thin up to this half width, as in the choice between fills. */
const THIN_DEPTH = 3;

/**
 * Grows and feathers a mask by `grow`, or by default according to its width: three pixels on both sides more than
 * double a thin stroke, and the quality of a fill falls with the distance to known pixels.
 */
export function growMask(
  mask: Mask,
  { grow, feather }: { readonly grow?: number; readonly feather: number },
): { readonly grown: Mask; readonly weight: Image } {
  if (grow !== undefined) return growAndFeather(mask, { grow, feather });
  const thick = thickParts(mask);
  const count = countHoles(thick.data);
  if (count === countHoles(mask.data)) return growAndFeather(mask, { grow: DEFAULT_GROW, feather });
  const all = growAndFeather(mask, { grow: THIN_GROW, feather });
  if (count === 0) return all;
  const more = growAndFeather(thick, { grow: DEFAULT_GROW, feather });
  const larger = (value: number, pixel: number, { data }: Image): number => Math.max(value, data[pixel]);
  const join = (one: Image, other: Image): Image => ({
    ...one,
    data: one.data.map((value, pixel) => larger(value, pixel, other)),
  });
  return { grown: join(all.grown, more.grown), weight: join(all.weight, more.weight) };
}

/**
 * The parts of a mask wider than a thin stroke: pixels near places whose distance to known pixels exceeds the thin half
 * width.
 */
function thickParts({ width, height, data }: Mask): Mask {
  const toKnown = squaredDistances(inverted({ width, height, data }), THIN_DEPTH + 1);
  const core = { width, height, data: data.map((_, pixel) => (toKnown[pixel] > THIN_DEPTH ** 2 ? HOLE : 0)) };
  const toCore = squaredDistances(core, THIN_DEPTH + 1);
  const reach = (THIN_DEPTH + 1) ** 2;
  return {
    width,
    height,
    data: data.map((value, pixel) => (value > 0 && toCore[pixel] <= 2 * reach ? value : 0)),
  };
}

/** A grown mask, with a warning for the user when it was grown by less than requested. */
export interface GrownMask {
  readonly grown: Mask;
  readonly weight: Image;
  readonly warning: string | null;
}

/**
 * As {@link growMask}, but always leaves something to fill from: a mask that would cover the whole image is grown only
 * by half of what is left. Computes only the part around the holes, since most of a large image is far from them.
 */
export function growWithin(mask: Mask, options: Growth): GrownMask {
  const bounds = boundsOf(mask);
  const { width, height } = mask;
  const nothing = () => ({ width, height, data: new Uint8Array(width * height) });
  if (bounds === null) return { grown: nothing(), weight: nothing(), warning: null };
  // One pixel more than the growth, so that a part is fully covered only when the whole image is.
  const reach = Math.max(options.grow ?? DEFAULT_GROW, THIN_DEPTH + 1) + 1;
  const box = growBox(bounds, reach, mask);
  if (box.width === width && box.height === height) return growAll(mask, options);
  const part = growAll(cutMask(mask, box), options);
  const [grown, weight] = [nothing(), nothing()];
  pasteRows(grown, part.grown, box);
  pasteRows(weight, part.weight, box);
  return { ...part, grown, weight };
}

/** Growth of a mask; by default according to its width. */
interface Growth {
  readonly grow?: number;
  readonly feather: number;
}

function growAll(mask: Mask, { grow, feather }: Growth): GrownMask {
  const whole = growMask(mask, { grow, feather });
  const most = grow ?? DEFAULT_GROW;
  if (!whole.grown.data.every((value) => value > 0)) return { ...whole, warning: null };
  const widest = Math.sqrt(squaredDistances(mask, most).reduce((far, value) => Math.max(far, value), 0));
  const less = Math.max(0, Math.ceil(widest / 2) - 1);
  const warning = `The mask was grown by ${less} pixels instead of ${most}: more would leave nothing of the image.`;
  return { ...growAndFeather(mask, { grow: less, feather }), warning };
}

/** Copies a single-channel piece, which lies at `box`, into `target`. */
function pasteRows(target: Image, piece: Image, { left, top, width, height }: Box): void {
  for (let y = 0; y < height; y += 1) {
    const row = piece.data.subarray(y * width, (y + 1) * width);
    target.data.set(row, (top + y) * target.width + left);
  }
}
