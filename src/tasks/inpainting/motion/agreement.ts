import { follow } from './motion-field.js';
import { samplerOf, type PixelSource, type PropagationTarget } from './pixel-source.js';
import { FEWEST_PIXELS, type Surroundings } from './surroundings.js';

const FEWEST_RING_PIXELS = 40;
/** Differences of colour count this much at most: a cell that shows something else is not worse for showing white. */
const FARTHEST = 60;
/** Part of the border that must agree; less is another scene. */
const LEAST_AGREEING = 0.2;
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
}

/** Where a source may be used, and what is added to its colours there. */
export interface Agreement {
  /** Difference by cell, levels; see {@link Strictness.most}. */
  readonly difference: Float32Array;
  readonly most: number;
  /** By channel and cell: what the source's colours differ by. */
  readonly light: readonly [Float32Array, Float32Array, Float32Array];
}

/** Sums over the known pixels of a cell. */
class CellSums {
  readonly count: Float32Array;
  readonly offsets: readonly [Float32Array, Float32Array, Float32Array];
  readonly #own: Float32Array;
  readonly #ownSquares: Float32Array;
  readonly #seen: Float32Array;
  readonly #seenSquares: Float32Array;

  constructor(cells: number) {
    const zeros = () => new Float32Array(cells);
    this.count = zeros();
    this.offsets = [zeros(), zeros(), zeros()];
    [this.#own, this.#ownSquares, this.#seen, this.#seenSquares] = [zeros(), zeros(), zeros(), zeros()];
  }

  add(cell: number, own: ArrayLike<number>, seen: ArrayLike<number>): void {
    this.count[cell] += 1;
    const [one, other] = [own[0] + own[1] + own[2], seen[0] + seen[1] + seen[2]];
    for (let channel = 0; channel < 3; channel += 1)
      this.offsets[channel][cell] += own[channel] - seen[channel];
    this.#own[cell] += one / 3;
    this.#ownSquares[cell] += (one / 3) ** 2;
    this.#seen[cell] += other / 3;
    this.#seenSquares[cell] += (other / 3) ** 2;
  }

  /** Mean difference of a cell in a channel. */
  offset(cell: number, channel: number): number {
    return this.offsets[channel][cell] / this.count[cell];
  }

  /** By how much contrast differs: places that are a pixel or two off do not change it, another object does. */
  contrast(cell: number): number {
    const n = this.count[cell];
    const deviation = (sum: number, squares: number) => Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2));
    const own = deviation(this.#own[cell], this.#ownSquares[cell]);
    return Math.abs(own - deviation(this.#seen[cell], this.#seenSquares[cell]));
  }
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
  { most, mostByPixel, wholly }: Strictness,
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
  const [agreeing, error] = [new Uint8Array(fixed.length), { sum: 0, pixels: 0 }];
  fixed.forEach((is, cell) => (agreeing[cell] = is !== 0 && difference[cell] <= most ? 1 : 0));
  for (let index = 0; index < count; index += 1) {
    if (agreeing[cells[index]] === 0) continue;
    for (let channel = 0; channel < 3; channel += 1)
      error.sum += Math.min(FARTHEST, Math.abs(offsets[channel][index] - light[channel])) / 3;
    error.pixels += 1;
  }
  if (error.pixels < LEAST_AGREEING * count || error.sum > mostByPixel * error.pixels) return null;
  const changed = wholly ? changedCells(difference, { fixed, most, columns }) : null;
  around.extend(difference, fixed);
  if (changed) around.spread(difference, changed, FARTHEST);
  const byCell = [0, 1, 2].map((channel) => {
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

/** Cells that have changed for certain: by much, or together with another one next to them. */
function changedCells(
  difference: Float32Array,
  { fixed, most, columns }: { fixed: Uint8Array; most: number; columns: number },
): Uint8Array {
  const over = fixed.map((is, cell) => (is !== 0 && difference[cell] > most ? 1 : 0));
  return over.map((is, cell) => {
    if (is === 0) return 0;
    const beside = [-columns - 1, -columns, 1 - columns, -1, 1, columns - 1, columns, columns + 1];
    return difference[cell] > 2 * most || beside.some((step) => over.at(cell + step) === 1) ? 1 : 0;
  });
}
