import { CellSums } from './cell-sums.js';
import { follow } from './motion-field.js';
import { samplerOf, type PixelSource, type PropagationTarget, type Sampler } from './pixel-source.js';
import { FEWEST_PIXELS, type Surroundings } from './surroundings.js';

const FEWEST_RING_PIXELS = 40;
/** Differences of colour count this much at most: a cell that shows something else is not worse for showing white. */
const FARTHEST = 60;
/** Part of the border that must agree; less is another scene. */
const LEAST_AGREEING = 0.2;
/**
 * Connected cells that must disagree where the camera has moved. A few always do: beside the edges of near things the
 * image changes by the motion alone.
 */
const FEWEST_CHANGED = 4;
/** Places at which a cell is looked for along each axis, to both sides. */
const TRIES = 5;
/** Part of a cell's pixels that must be seen at another place. */
const LEAST_SEEN = 0.7;
/** Levels of light by which a source may differ as a whole. */
const MOST_LIGHT = 48;

/** How strictly a source is compared with the border of a hole, in grey levels. */
export interface Strictness {
  /** Difference of a neighbourhood, in its mean colour and in its contrast, up to which it shows the same. */
  readonly most: number;
  /** The same pixel by pixel over what agrees, so for a source that is out of place. */
  readonly mostByPixel: number;
  /** Whether a place that has changed spoils the hole from side to side there, not its border alone. */
  readonly wholly: boolean;
  /**
   * Pixels by which places may be off, since the camera has moved among near and far things and errors of the motion add
   * up. Then light is matched as a whole only: parts that are out of place differ by more than by light.
   */
  readonly misplaced: number;
}

/** Where a source may be used, and what is added to its colours there. */
export interface Agreement {
  /** Difference by cell, levels; see {@link Strictness.most}. */
  readonly difference: Float32Array;
  readonly most: number;
  /** By channel and cell: what the source's colours differ by. */
  readonly light: readonly [Float32Array, Float32Array, Float32Array];
}

const medianOf = (values: Float32Array): number => values.sort()[values.length >> 1];

/**
 * Compares a source with what is known around a hole, each part of the border for itself: an object that has come, gone
 * or moved on one side says nothing about the other. A change of light is no disagreement.
 * @returns null where the source shows another scene, is out of place, or shows too little of the border
 */
export function compareAround(
  source: PixelSource,
  { target, around }: { readonly target: PropagationTarget; readonly around: Surroundings },
  { most, mostByPixel, wholly, misplaced }: Strictness,
): Agreement | null {
  const read = samplerOf(source, target);
  const { ring, cellOf, columns, rows } = around;
  const sums = new CellSums(columns * rows);
  const offsets = [0, 1, 2].map(() => new Float32Array(ring.length));
  const cells = new Int32Array(ring.length);
  const [place, colour] = [new Float64Array(2), new Float64Array(3)];
  let count = 0;
  ring.forEach((pixel, index) => {
    const x = pixel % target.width;
    follow(source.motion, x, (pixel - x) / target.width, place);
    if (!read(place[0], place[1], colour)) return;
    const own = target.rgb.subarray(3 * pixel, 3 * pixel + 3);
    sums.add(cellOf[index], own, colour);
    for (let channel = 0; channel < 3; channel += 1) offsets[channel][count] = own[channel] - colour[channel];
    cells[count] = cellOf[index];
    count += 1;
  });
  if (count < FEWEST_RING_PIXELS) return null;
  const light = offsets.map((values) => medianOf(values.slice(0, count)));
  if (light.some((level) => Math.abs(level) > MOST_LIGHT)) return null;
  const { difference, fixed } = differences(sums, light);
  if (misplaced > 0) lookNearby(difference, { source, read, target, around, light, most, misplaced });
  const [agreeing, error] = [new Uint8Array(fixed.length), { sum: 0, pixels: 0 }];
  fixed.forEach((is, cell) => (agreeing[cell] = is !== 0 && difference[cell] <= most ? 1 : 0));
  for (let index = 0; index < count; index += 1) {
    if (agreeing[cells[index]] === 0) continue;
    for (let channel = 0; channel < 3; channel += 1)
      error.sum += Math.min(FARTHEST, Math.abs(offsets[channel][index] - light[channel])) / 3;
    error.pixels += 1;
  }
  if (error.pixels < LEAST_AGREEING * count || error.sum > mostByPixel * error.pixels) return null;
  const changed = wholly ? changedCells(difference, { fixed, most, columns, moved: misplaced > 0 }) : null;
  if (changed && misplaced > 0)
    difference.forEach((value, cell) => (difference[cell] = changed[cell] ? value : Math.min(value, most)));
  around.extend(difference, fixed);
  if (changed) around.spread(difference, changed, FARTHEST);
  const byCell = [0, 1, 2].map((channel) => {
    if (misplaced > 0) return new Float32Array(fixed.length).fill(light[channel]);
    const values = Float32Array.from(fixed, (_, cell) => (agreeing[cell] ? sums.offset(cell, channel) : 0));
    around.extend(values, agreeing);
    return values;
  });
  return { difference, most, light: [byCell[0], byCell[1], byCell[2]] };
}

function differences(sums: CellSums, light: readonly number[]) {
  const fixed = Uint8Array.from(sums.count, (n) => (n >= FEWEST_PIXELS ? 1 : 0));
  const difference = Float32Array.from(fixed, (is, cell) => {
    if (is === 0) return 0;
    const colour = light.reduce(
      (sum, level, channel) => sum + Math.abs(sums.offset(cell, channel) - level),
      0,
    );
    return Math.min(FARTHEST, colour / 3 + sums.contrast(cell));
  });
  return { difference, fixed };
}

/** Compares the cells that disagree with what the source shows beside the place that its motion says; keeps the best. */
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
  const off = new Map<number, number[]>();
  around.ring.forEach((pixel, index) => {
    const cell = around.cellOf[index];
    if (difference[cell] > most) off.set(cell, [...(off.get(cell) ?? []), pixel]);
  });
  const [place, colour] = [new Float64Array(2), new Float64Array(3)];
  const compareAt = (pixels: readonly number[], [dx, dy]: readonly [number, number]): number => {
    const sums = new CellSums(1);
    for (const pixel of pixels) {
      const x = pixel % target.width;
      follow(source.motion, x, (pixel - x) / target.width, place);
      if (read(place[0] + dx, place[1] + dy, colour))
        sums.add(0, target.rgb.subarray(3 * pixel, 3 * pixel + 3), colour);
    }
    const enough = sums.count[0] >= Math.max(FEWEST_PIXELS, LEAST_SEEN * pixels.length);
    return enough ? differences(sums, light).difference[0] : FARTHEST;
  };
  const steps = Array.from({ length: 2 * TRIES + 1 }, (_, at) => ((at - TRIES) * misplaced) / TRIES);
  for (const [cell, pixels] of off)
    for (const dy of steps)
      for (const dx of steps) difference[cell] = Math.min(difference[cell], compareAt(pixels, [dx, dy]));
}

/** Cells that have changed for certain: by much, or together with others next to them. */
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
    if (part.length >= FEWEST_CHANGED) for (const cell of part) changed[cell] = 1;
  }
  return changed;
}
