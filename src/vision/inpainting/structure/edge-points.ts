import { distanceToKnown } from '../hole-distance.js';
import type { Image } from '../../image/image.js';
import { luminance } from '../texture-channels.js';
import { inverted, type Mask } from '../../image/mask.js';

/** Half length of the colour profile across an edge, in pixels. */
export const PROFILE_REACH = 6;
const PROFILE_LENGTH = 2 * PROFILE_REACH + 1;
/** Distance of edge points from the hole, in pixels: near enough to lead into it, far enough to be measured. */
const MIN_GAP = 3;
const MAX_GAP = 5;
/** Minimum mean gradient, in grey levels per pixel, and minimum coherence (0 is no direction, 1 a straight edge). */
const WEAKEST = 5;
const MIN_COHERENCE = 0.7;
const WINDOW = 2;

/** A point where an edge meets the hole. */
export interface EdgePoint {
  readonly x: number;
  readonly y: number;
  /** Unit vector across the edge, towards the brighter side. */
  readonly normalX: number;
  readonly normalY: number;
  readonly strength: number;
  /** RGB along the normal, starting on the darker side: {@link PROFILE_REACH} pixels to either side. */
  readonly profile: Float32Array;
}

/** Finds the points where distinct edges meet a hole, strongest first. */
export function findEdgePoints(image: Image, hole: Mask): readonly EdgePoint[] {
  const { width, height } = image;
  const ring = distanceToHole(hole);
  const light = luminance(image);
  const points: EdgePoint[] = [];
  const margin = WINDOW + 1;
  for (let y = margin; y < height - margin; y++) {
    for (let x = margin; x < width - margin; x++) {
      const gap = ring[y * width + x];
      if (gap < MIN_GAP || gap > MAX_GAP) continue;
      const point = measure({ image, hole, light }, x, y);
      if (point !== null) points.push(point);
    }
  }
  points.sort((a, b) => b.strength - a.strength);
  return thinOut(points);
}

function distanceToHole(hole: Mask): Float32Array {
  return distanceToKnown(inverted(hole));
}

interface Measured {
  readonly image: Image;
  readonly hole: Mask;
  readonly light: Float32Array;
}

/** Measures the edge through a pixel by the structure tensor of its 5x5 neighbourhood; `null` when there is none. */
function measure(input: Measured, x: number, y: number): EdgePoint | null {
  const { width } = input.hole;
  let xx = 0;
  let yy = 0;
  let xy = 0;
  let sumX = 0;
  let sumY = 0;
  let count = 0;
  for (let dy = -WINDOW; dy <= WINDOW; dy++) {
    for (let dx = -WINDOW; dx <= WINDOW; dx++) {
      const i = (y + dy) * width + x + dx;
      const { data } = input.hole;
      if (data[i - 1] | data[i + 1] | data[i - width] | data[i + width]) continue;
      const gx = (input.light[i + 1] - input.light[i - 1]) / 2;
      const gy = (input.light[i + width] - input.light[i - width]) / 2;
      xx += gx * gx;
      yy += gy * gy;
      xy += gx * gy;
      sumX += gx;
      sumY += gy;
      count++;
    }
  }
  const spread = Math.hypot(xx - yy, 2 * xy);
  const strength = Math.hypot(sumX, sumY) / Math.max(1, count);
  if (count < 12 || strength < WEAKEST || spread < MIN_COHERENCE * (xx + yy)) return null;
  const angle = Math.atan2(2 * xy, xx - yy) / 2;
  const sign = Math.cos(angle) * sumX + Math.sin(angle) * sumY < 0 ? -1 : 1;
  const normalX = sign * Math.cos(angle);
  const normalY = sign * Math.sin(angle);
  const profile = readProfile(input, { x, y, normalX, normalY });
  return profile === null ? null : { x, y, normalX, normalY, strength, profile };
}

/** Colour profile across the edge; samples in the hole or outside the image repeat the nearest valid one. */
function readProfile(
  { image, hole }: Measured,
  { x, y, normalX, normalY }: Pick<EdgePoint, 'x' | 'y' | 'normalX' | 'normalY'>,
): Float32Array | null {
  const profile = new Float32Array(PROFILE_LENGTH * 3);
  for (const side of [1, -1]) {
    let last = y * image.width + x;
    for (let step = 0; step <= PROFILE_REACH; step++) {
      const column = Math.round(x + side * step * normalX);
      const row = Math.round(y + side * step * normalY);
      const inside = column >= 0 && row >= 0 && column < image.width && row < image.height;
      if (inside && hole.data[row * image.width + column] === 0) last = row * image.width + column;
      else if (step < 2) return null;
      const to = (PROFILE_REACH + side * step) * 3;
      for (let c = 0; c < 3; c++) profile[to + c] = image.data[last * 3 + c];
    }
  }
  return profile;
}

/** Keeps the strongest point of each neighbourhood. */
function thinOut(points: readonly EdgePoint[]): EdgePoint[] {
  const kept: EdgePoint[] = [];
  for (const point of points) {
    const crowded = kept.some(({ x, y }) => Math.hypot(x - point.x, y - point.y) < 3);
    if (!crowded) kept.push(point);
  }
  return kept;
}
