import type { Plane } from '../mask-kernels.js';
import { follow, type MotionField } from './motion-field.js';

/** A picture to take pixels from. */
export interface PixelSource {
  readonly rgb: Uint8Array;
  /** Pixels that must not be taken; none where left out. */
  readonly closed?: Plane;
  /** Where the target's pixels lie in this picture. */
  readonly motion: MotionField;
}

/** The picture whose hole is to be filled from others. */
export interface PropagationTarget {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
  /** Pixels that are wanted. */
  readonly wanted: Plane;
}

/** Colours are compared on known pixels this close to the hole. */
const RING = 12;
/** Mean difference of the ring, after light is matched, above which a source shows something else. */
const RING_LIMIT = 10;
/** The same as part of the ring's own spread: a source that shows something else is off by more than all of it. */
const RING_SHARE = 0.7;
/** Differences up to this are noise, however even the ring is. */
const RING_NOISE = 4;
const FEWEST_RING_PIXELS = 40;

/** What is added to a source's colours, by channel, to have them in the target's light. */
export type Light = readonly number[];

/** Reads the colour between four pixels into `out`; false outside of the picture and beside closed pixels. */
type Sampler = (u: number, v: number, out: Float64Array) => boolean;

function samplerOf({ rgb, closed }: PixelSource, { width, height }: PropagationTarget): Sampler {
  const shut = closed?.data;
  return (u, v, out) => {
    if (!(u >= 0 && v >= 0 && u <= width - 1 && v <= height - 1)) return false;
    const x = Math.min(width - 2, Math.floor(u));
    const y = Math.min(height - 2, Math.floor(v));
    const at = y * width + x;
    if (shut && (shut[at] | shut[at + 1] | shut[at + width] | shut[at + width + 1]) !== 0) return false;
    const [fx, fy] = [u - x, v - y];
    for (let channel = 0; channel < 3; channel += 1) {
      const first = 3 * at + channel;
      const below = first + 3 * width;
      const top = rgb[first] * (1 - fx) + rgb[first + 3] * fx;
      out[channel] = top * (1 - fy) + (rgb[below] * (1 - fx) + rgb[below + 3] * fx) * fy;
    }
    return true;
  };
}

/** Known pixels around the hole, a part of them where there are many. */
export function ringOf({ width, height, data }: Plane): Int32Array {
  const ring: number[] = [];
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2) {
      const pixel = y * width + x;
      if (data[pixel] !== 0) continue;
      const near = [-RING, RING].some(
        (step) =>
          (x + step >= 0 && x + step < width && data[pixel + step] !== 0) ||
          (y + step >= 0 && y + step < height && data[pixel + step * width] !== 0),
      );
      if (near) ring.push(pixel);
    }
  }
  return Int32Array.from(ring);
}

/** What a source is compared with, and how strictly. */
export interface LightMatch {
  readonly target: PropagationTarget;
  /** Pixels of the target around its hole, of {@link ringOf}. */
  readonly ring: Int32Array;
  /** Times the usual limits by which the source may be off. */
  readonly patience: number;
}

/**
 * Compares a source with the target around the hole.
 * @returns how to match its light; null where it shows something else or too little
 */
export function matchLight(source: PixelSource, { target, ring, patience }: LightMatch): Light | null {
  const read = samplerOf(source, target);
  const place = new Float64Array(2);
  const colour = new Float64Array(3);
  const pairs: [Float64Array, number][] = [];
  for (const pixel of ring) {
    const x = pixel % target.width;
    const y = (pixel - x) / target.width;
    follow(source.motion, x, y, place);
    if (read(place[0], place[1], colour)) pairs.push([Float64Array.from(colour), pixel]);
  }
  if (pairs.length < FEWEST_RING_PIXELS) return null;
  const light: number[] = [];
  let [error, spread] = [0, 0];
  for (let channel = 0; channel < 3; channel += 1) {
    const own = spreadOf(pairs.map(([, pixel]) => target.rgb[3 * pixel + channel]));
    const off = spreadOf(pairs.map(([seen, pixel]) => target.rgb[3 * pixel + channel] - seen[channel]));
    light.push(off.middle);
    error += off.deviation / 3;
    spread += own.deviation / 3;
  }
  const limit = Math.min(RING_LIMIT, Math.max(RING_NOISE, RING_SHARE * spread));
  return error <= patience * limit ? light : null;
}

/** Median, and the mean distance to it; single far values count 60 at most. */
function spreadOf(values: readonly number[]): { middle: number; deviation: number } {
  const middle = [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];
  const sum = values.reduce((total, value) => total + Math.min(60, Math.abs(value - middle)), 0);
  return { middle, deviation: sum / values.length };
}

/** Most sources that a pixel is made of. */
const MOST_VOTES = 5;

/**
 * Takes wanted pixels from other pictures: the median, by channel, of what the first few of them show there.
 * @param out receives the colours; everything else of it stays
 * @returns which pixels were found
 */
export function propagate(
  target: PropagationTarget,
  sources: readonly { readonly source: PixelSource; readonly light: Light }[],
  out: Uint8Array,
): Uint8Array {
  const { width, wanted } = target;
  const found = new Uint8Array(wanted.data.length);
  const readers = sources.map(({ source }) => samplerOf(source, target));
  const colour = new Float64Array(3);
  const place = new Float64Array(2);
  const votes = [0, 1, 2].map(() => new Float64Array(MOST_VOTES));
  for (let pixel = 0; pixel < found.length; pixel += 1) {
    if (wanted.data[pixel] === 0) continue;
    const x = pixel % width;
    const y = (pixel - x) / width;
    let count = 0;
    for (let index = 0; index < sources.length && count < MOST_VOTES; index += 1) {
      const { light, source } = sources[index];
      follow(source.motion, x, y, place);
      if (!readers[index](place[0], place[1], colour)) continue;
      votes.forEach((channel, at) => (channel[count] = colour[at] + light[at]));
      count += 1;
    }
    if (count === 0) continue;
    votes.forEach((channel, at) => {
      const sorted = channel.slice(0, count).sort();
      const middle = (sorted[(count - 1) >> 1] + sorted[count >> 1]) / 2;
      out[3 * pixel + at] = Math.max(0, Math.min(255, Math.round(middle)));
    });
    found[pixel] = 255;
  }
  return found;
}
