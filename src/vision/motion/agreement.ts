import { CellSums } from './cell-sums.js';
import { medianInPlace } from './median.js';
import { follow } from './motion-field.js';
import { samplerOf, type PixelSource, type PropagationTarget, type Sampler } from './pixel-source.js';
import { MIN_PIXELS, type Surroundings } from './surroundings.js';

const MIN_RING_PIXELS = 40;
/** Cap on colour differences, so that outliers do not dominate. */
const MAX_DIFFERENCE = 60;
/** Minimum share of the border that must agree; with less, the source shows another scene. */
const MIN_AGREEING = 0.2;
/**
 * Minimum size of a connected group of disagreeing cells when the camera has moved. A few cells always disagree:
 * parallax changes the image next to the edges of near objects.
 */
const MIN_CHANGED = 4;
/** Positions tried per axis and direction when searching for a displaced cell. */
const TRIES = 5;
/** Minimum share of a cell's pixels that must be visible at a tried position. */
const MIN_SEEN = 0.7;
/** Largest overall brightness difference of a source, in grey levels. */
const MAX_LIGHT = 48;

/** Thresholds for comparing a source with the border of a hole, in grey levels. */
export interface Strictness {
  /** Largest difference of a cell, in mean colour and contrast, that counts as agreement. */
  readonly most: number;
  /** Largest mean difference per pixel over the agreeing cells; detects sources that are displaced. */
  readonly mostByPixel: number;
  /** Whether a changed cell invalidates the hole across its whole width there, not only the part next to the cell. */
  readonly wholly: boolean;
  /**
   * Tolerated displacement in pixels after camera motion, from parallax and accumulated motion errors. When it is above
   * 0, brightness is matched only globally, because displaced cells differ by more than brightness.
   */
  readonly misplaced: number;
}

/** Where a source may be used, and the brightness correction there. */
export interface Agreement {
  /** Difference by cell, in grey levels; see {@link Strictness.most}. */
  readonly difference: Float32Array;
  readonly most: number;
  /** By channel and cell: correction added to the source's colours. */
  readonly light: readonly [Float32Array, Float32Array, Float32Array];
}

/**
 * Compares a source with the known pixels around a hole, separately for each part of the border: an object that
 * appeared or moved on one side does not affect the other. Brightness changes are not disagreement.
 * @returns `null` when the source shows another scene, is displaced, or covers too little of the border
 */
export function compareAround(
  source: PixelSource,
  { target, around }: { readonly target: PropagationTarget; readonly around: Surroundings },
  { most, mostByPixel, wholly, misplaced }: Strictness,
): Agreement | null {
  const read = samplerOf(source);
  const { width, data: rgb } = target.image;
  const { ring, cellOf, columns, rows } = around;
  const sums = new CellSums(columns * rows);
  const offsets = [0, 1, 2].map(() => new Float32Array(ring.length));
  const cells = new Int32Array(ring.length);
  const [place, colour] = [new Float64Array(2), new Float64Array(3)];
  let count = 0;
  ring.forEach((pixel, index) => {
    const x = pixel % width;
    follow(source.motion, x, (pixel - x) / width, place);
    if (!read(place[0], place[1], colour)) return;
    const own = rgb.subarray(3 * pixel, 3 * pixel + 3);
    sums.add(cellOf[index], own, colour);
    for (let channel = 0; channel < 3; channel += 1) offsets[channel][count] = own[channel] - colour[channel];
    cells[count] = cellOf[index];
    count += 1;
  });
  if (count < MIN_RING_PIXELS) return null;
  const light = offsets.map((values) => medianInPlace(values.slice(0, count)));
  if (light.some((level) => Math.abs(level) > MAX_LIGHT)) return null;
  const { difference, fixed } = differences(sums, light);
  if (misplaced > 0) lookNearby(difference, { source, read, target, around, light, most, misplaced });
  const [agreeing, error] = [new Uint8Array(fixed.length), { sum: 0, pixels: 0 }];
  fixed.forEach((is, cell) => (agreeing[cell] = is !== 0 && difference[cell] <= most ? 1 : 0));
  for (let index = 0; index < count; index += 1) {
    if (agreeing[cells[index]] === 0) continue;
    for (let channel = 0; channel < 3; channel += 1)
      error.sum += Math.min(MAX_DIFFERENCE, Math.abs(offsets[channel][index] - light[channel])) / 3;
    error.pixels += 1;
  }
  if (error.pixels < MIN_AGREEING * count || error.sum > mostByPixel * error.pixels) return null;
  const changed = wholly ? changedCells(difference, { fixed, most, columns, moved: misplaced > 0 }) : null;
  if (changed && misplaced > 0)
    difference.forEach((value, cell) => (difference[cell] = changed[cell] ? value : Math.min(value, most)));
  around.extend(difference, fixed);
  if (changed) around.spread(difference, changed, MAX_DIFFERENCE);
  const byCell = [0, 1, 2].map((channel) => {
    if (misplaced > 0) return new Float32Array(fixed.length).fill(light[channel]);
    const values = Float32Array.from(fixed, (_, cell) => (agreeing[cell] ? sums.offset(cell, channel) : 0));
    around.extend(values, agreeing);
    return values;
  });
  return { difference, most, light: [byCell[0], byCell[1], byCell[2]] };
}

function differences(sums: CellSums, light: readonly number[]) {
  const fixed = Uint8Array.from(sums.count, (n) => (n >= MIN_PIXELS ? 1 : 0));
  const difference = Float32Array.from(fixed, (is, cell) => {
    if (is === 0) return 0;
    const colour = light.reduce(
      (sum, level, channel) => sum + Math.abs(sums.offset(cell, channel) - level),
      0,
    );
    return Math.min(MAX_DIFFERENCE, colour / 3 + sums.contrast(cell));
  });
  return { difference, fixed };
}

/** Retries disagreeing cells at displaced positions around the expected one and keeps the smallest difference. */
function lookNearby(
  difference: Float32Array,
  {
    source,
    read,
    target,
    around,
    ...options
  }: {
    readonly source: PixelSource;
    readonly read: Sampler;
    readonly target: PropagationTarget;
    readonly around: Surroundings;
    readonly light: readonly number[];
    readonly most: number;
    readonly misplaced: number;
  },
): void {
  const { light, most, misplaced } = options;
  const { width, data: rgb } = target.image;
  const off = new Map<number, number[]>();
  around.ring.forEach((pixel, index) => {
    const cell = around.cellOf[index];
    if (difference[cell] > most) off.set(cell, [...(off.get(cell) ?? []), pixel]);
  });
  const [place, colour] = [new Float64Array(2), new Float64Array(3)];
  const compareAt = (pixels: readonly number[], [dx, dy]: readonly [number, number]): number => {
    const sums = new CellSums(1);
    for (const pixel of pixels) {
      const x = pixel % width;
      follow(source.motion, x, (pixel - x) / width, place);
      if (read(place[0] + dx, place[1] + dy, colour))
        sums.add(0, rgb.subarray(3 * pixel, 3 * pixel + 3), colour);
    }
    const enough = sums.count[0] >= Math.max(MIN_PIXELS, MIN_SEEN * pixels.length);
    return enough ? differences(sums, light).difference[0] : MAX_DIFFERENCE;
  };
  const steps = Array.from({ length: 2 * TRIES + 1 }, (_, at) => ((at - TRIES) * misplaced) / TRIES);
  for (const [cell, pixels] of off)
    for (const dy of steps)
      for (const dx of steps) difference[cell] = Math.min(difference[cell], compareAt(pixels, [dx, dy]));
}

/** Cells that have certainly changed: by a large difference, or together with neighbouring cells. */
function changedCells(
  difference: Float32Array,
  { fixed, most, columns, moved }: { fixed: Uint8Array; most: number; columns: number; moved: boolean },
): Uint8Array {
  const over = fixed.map((is, cell) => (is !== 0 && difference[cell] > most ? 1 : 0));
  const neighbours = [-columns - 1, -columns, 1 - columns, -1, 1, columns - 1, columns, columns + 1];
  if (!moved)
    return over.map((is, cell) => {
      if (is === 0) return 0;
      return difference[cell] > 2 * most || neighbours.some((step) => over.at(cell + step) === 1) ? 1 : 0;
    });
  const changed = new Uint8Array(over.length);
  for (let first = 0; first < over.length; first += 1) {
    if (over[first] === 0) continue;
    const part = [first];
    over[first] = 0;
    for (const cell of part)
      for (const next of neighbours.map((step) => cell + step))
        if (over[next] === 1) {
          over[next] = 0;
          part.push(next);
        }
    if (part.length >= MIN_CHANGED) for (const cell of part) changed[cell] = 1;
  }
  return changed;
}
