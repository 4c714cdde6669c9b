/** A picture of one byte a pixel. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Corners of a rectangle of pixels; right and bottom lie outside. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Further away than any distance that is asked for, and its square is still exact. */
const FAR = 1e9;

/**
 * Squared distance of every pixel to the nearest one that is set, at most `limit` squared; beyond it some larger value.
 * Exact: first along columns, then the lower envelope of parabolas along rows (Felzenszwalb and Huttenlocher 2012), here
 * by direct search since `limit` is small.
 */
function squaredDistances({ width, height, data }: Plane, limit: number): Float32Array {
  const columns = columnDistances({ width, height, data });
  const squared = new Float32Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const row = y * width;
    for (let x = 0; x < width; x += 1) {
      let best = columns[row + x] * columns[row + x];
      // A pixel of the row further away than the best so far cannot be nearer.
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

/** Distance within each column to the nearest set pixel. */
function columnDistances({ width, height, data }: Plane): Float32Array {
  const distance = new Float32Array(width * height);
  for (let x = 0; x < width; x += 1) {
    let since = FAR;
    for (let y = 0; y < height; y += 1) {
      since = data[y * width + x] > 0 ? 0 : since + 1;
      distance[y * width + x] = since;
    }
    since = FAR;
    for (let y = height - 1; y >= 0; y -= 1) {
      since = data[y * width + x] > 0 ? 0 : since + 1;
      if (since < distance[y * width + x]) distance[y * width + x] = since;
    }
  }
  return distance;
}

/**
 * The mask grown by `grow` pixels, and how much of the fill each pixel takes, 0 to 255: all of it in the mask itself,
 * less towards the rim of the ring that was added, over `feather` pixels. Without a ring the seam is sharp.
 */
export function growAndFeather(
  mask: Plane,
  { grow, feather }: { readonly grow: number; readonly feather: number },
): { readonly grown: Plane; readonly weight: Plane } {
  const { width, height } = mask;
  const grown = new Uint8Array(width * height);
  const weight = new Uint8Array(width * height);
  const squared = grow > 0 ? squaredDistances(mask, grow) : null;
  const seam = Math.min(feather, grow);
  for (let pixel = 0; pixel < grown.length; pixel += 1) {
    const distance = squared === null ? (mask.data[pixel] > 0 ? 0 : FAR) : Math.sqrt(squared[pixel]);
    if (distance > grow) continue;
    grown[pixel] = 255;
    weight[pixel] = seam === 0 ? 255 : Math.round(255 * Math.min(1, (grow + 1 - distance) / (seam + 1)));
  }
  return { grown: { width, height, data: grown }, weight: { width, height, data: weight } };
}

/** By how many pixels masks are grown where nothing else was asked for. */
const USUAL_GROW = 3;
/** By how many where a mask is thin. */
const THIN_GROW = 1;
/** Masks are thin up to this half width, as for the choice of fills. */
const THIN_DEPTH = 3;

/**
 * Grows and feathers a mask by `grow`, or without it by what suits its width: three pixels on both sides more than double
 * a thin stroke, and every pixel further from what is known is filled worse.
 */
export function growMask(
  mask: Plane,
  { grow, feather }: { readonly grow?: number; readonly feather: number },
): { readonly grown: Plane; readonly weight: Plane } {
  if (grow !== undefined) return growAndFeather(mask, { grow, feather });
  const thick = thickParts(mask);
  const count = countSet(thick.data);
  if (count === countSet(mask.data)) return growAndFeather(mask, { grow: USUAL_GROW, feather });
  const all = growAndFeather(mask, { grow: THIN_GROW, feather });
  if (count === 0) return all;
  const more = growAndFeather(thick, { grow: USUAL_GROW, feather });
  const larger = (value: number, pixel: number, { data }: Plane): number => Math.max(value, data[pixel]);
  const join = (one: Plane, other: Plane): Plane => ({
    ...one,
    data: one.data.map((value, pixel) => larger(value, pixel, other)),
  });
  return { grown: join(all.grown, more.grown), weight: join(all.weight, more.weight) };
}

/** What of a mask is wider than a thin stroke: its pixels near places that are farther from the known ones than its half width. */
function thickParts({ width, height, data }: Plane): Plane {
  const known = { width, height, data: data.map((value) => (value > 0 ? 0 : 255)) };
  const toKnown = squaredDistances(known, THIN_DEPTH + 1);
  const core = { width, height, data: data.map((_, pixel) => (toKnown[pixel] > THIN_DEPTH ** 2 ? 255 : 0)) };
  const toCore = squaredDistances(core, THIN_DEPTH + 1);
  const reach = (THIN_DEPTH + 1) ** 2;
  return {
    width,
    height,
    data: data.map((value, pixel) => (value > 0 && toCore[pixel] <= 2 * reach ? value : 0)),
  };
}

/** A mask as it is filled, by how many pixels it was grown, and what its user should know of that. */
export interface GrownMask {
  readonly grown: Plane;
  readonly weight: Plane;
  readonly warning: string | null;
}

/**
 * {@link growMask} that always leaves something to fill from: a mask that would cover everything is grown by half
 * of what is left only.
 */
export function growWithin(
  mask: Plane,
  { grow, feather }: { readonly grow?: number; readonly feather: number },
): GrownMask {
  const whole = growMask(mask, { grow, feather });
  const most = grow ?? USUAL_GROW;
  if (!whole.grown.data.every((value) => value > 0)) return { ...whole, warning: null };
  const widest = Math.sqrt(squaredDistances(mask, most).reduce((far, value) => Math.max(far, value), 0));
  const less = Math.max(0, Math.ceil(widest / 2) - 1);
  const warning = `The mask was grown by ${less} pixels instead of ${most}: more would leave nothing of the picture.`;
  return { ...growAndFeather(mask, { grow: less, feather }), warning };
}

/** The smallest box around all set pixels; null without any. */
export function boundsOf({ width, height, data }: Plane): Box | null {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if (data[y * width + x] === 0) continue;
      left = Math.min(left, x);
      right = Math.max(right, x + 1);
      top = Math.min(top, y);
      bottom = y + 1;
    }
  }
  return right === 0 ? null : { left, top, right, bottom };
}

/** Number of set pixels. */
export function countSet(data: Uint8Array): number {
  let count = 0;
  for (const value of data) if (value > 0) count += 1;
  return count;
}

const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

const join = (a: Box, b: Box): Box => ({
  left: Math.min(a.left, b.left),
  top: Math.min(a.top, b.top),
  right: Math.max(a.right, b.right),
  bottom: Math.max(a.bottom, b.bottom),
});

/** Side of the cells that holes are grouped by. */
const CELL = 32;

/**
 * Boxes around groups of holes, each with its surroundings: a margin of the hole's own size, at least `minimum` pixels.
 * Boxes that would overlap are one box.
 */
export function holeBoxes(mask: Plane, minimum: number): Box[] {
  let boxes: Box[] = cellBoxes(mask).map((box) => {
    const margin = Math.max(minimum, Math.round((box.right - box.left + box.bottom - box.top) / 2));
    return {
      left: Math.max(0, box.left - margin),
      top: Math.max(0, box.top - margin),
      right: Math.min(mask.width, box.right + margin),
      bottom: Math.min(mask.height, box.bottom + margin),
    };
  });
  for (let merged = true; merged;) {
    merged = false;
    const apart: Box[] = [];
    for (const box of boxes) {
      const index = apart.findIndex((other) => overlap(box, other));
      if (index < 0) apart.push(box);
      else {
        apart[index] = join(apart[index], box);
        merged = true;
      }
    }
    boxes = apart;
  }
  return boxes;
}

/** Boxes around holes that touch the same or neighbouring cells of a coarse grid. */
function cellBoxes({ width, height, data }: Plane): Box[] {
  const columns = Math.ceil(width / CELL);
  const cells = new Map<number, Box>();
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if (data[y * width + x] === 0) continue;
      const cell = Math.floor(y / CELL) * columns + Math.floor(x / CELL);
      const box = { left: x, top: y, right: x + 1, bottom: y + 1 };
      const known = cells.get(cell);
      cells.set(cell, known ? join(known, box) : box);
    }
  }
  const groups: Box[] = [];
  while (cells.size > 0) groups.push(takeGroup(cells, columns));
  return groups;
}

/** Takes one cell and all that are connected with it out of `cells`. */
function takeGroup(cells: Map<number, Box>, columns: number): Box {
  const [first] = cells.keys();
  const waiting = [first];
  let group: Box | undefined;
  for (let cell = waiting.pop(); cell !== undefined; cell = waiting.pop()) {
    const box = cells.get(cell);
    if (!box) continue;
    cells.delete(cell);
    group = group ? join(group, box) : box;
    const x = cell % columns;
    for (const dy of [-columns, 0, columns])
      for (const dx of [-1, 0, 1]) if (x + dx >= 0 && x + dx < columns) waiting.push(cell + dy + dx);
  }
  if (!group) throw new RangeError('there was no cell to take');
  return group;
}
