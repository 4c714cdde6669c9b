import { growBox, groupByBox, joinBoxes, type Box } from '../image/box.js';
import { cutMask } from '../image/cut-and-paste.js';
import { boundsOf, HOLE, type Mask } from '../image/mask.js';

/** Sampling step for the quick check of columns: one row in this many. */
const FEW_ROWS = 8;

/**
 * Boxes around the parts of a hole that are at least `gap` pixels apart: recursively splits the image wherever `gap`
 * consecutive rows or columns contain no hole pixel. Ordered from top to bottom or left to right at each split; empty
 * when there is no hole pixel.
 */
export function separateBoxes(hole: Mask, gap: number): readonly Box[] {
  const box = boundsOf(hole);
  if (box === null) return [];
  const inside = cutMask(hole, box);
  const rows = runsOf(rowsWithHole(inside), gap);
  // Quick check first: for most holes a sample of the rows already leaves no gap between columns.
  const apart = rows.length === 1 && runsOf(columnsWithHole(inside, FEW_ROWS), gap).length > 1;
  const columns = apart ? runsOf(columnsWithHole(inside, 1), gap) : [];
  if (rows.length <= 1 && columns.length <= 1) return [box];
  const pieces: Box[] =
    rows.length > 1
      ? rows.map(({ start, end }) => ({ left: 0, top: start, width: box.width, height: end - start }))
      : columns.map(({ start, end }) => ({ left: start, top: 0, width: end - start, height: box.height }));
  return pieces.flatMap((piece) =>
    separateBoxes(cutMask(inside, piece), gap).map((found) => ({
      ...found,
      left: found.left + piece.left + box.left,
      top: found.top + piece.top + box.top,
    })),
  );
}

const rowsWithHole = ({ width, height, data }: Mask): Uint8Array =>
  Uint8Array.from({ length: height }, (_, y) =>
    data.subarray(y * width, (y + 1) * width).includes(HOLE) ? 1 : 0,
  );

function columnsWithHole({ width, data }: Mask, everyRow: number): Uint8Array {
  const marked = new Uint8Array(width);
  for (let start = 0; start < data.length; start += width * everyRow) {
    for (let x = 0; x < width; x++) marked[x] |= data[start + x];
  }
  return marked;
}

/** Runs of marked positions; runs with fewer than `gap` unmarked positions between them are joined. */
function runsOf(marked: Uint8Array, gap: number): readonly { start: number; end: number }[] {
  const runs: { start: number; end: number }[] = [];
  marked.forEach((mark, place) => {
    if (mark === 0) return;
    const last = runs.at(-1);
    if (last !== undefined && place - last.end < gap) last.end = place + 1;
    else runs.push({ start: place, end: place + 1 });
  });
  return runs;
}

/** Side of the grid cells used to group holes, in pixels. */
const CELL = 32;

/**
 * Boxes around groups of holes, each with a margin of the hole's own size, at least `minimum` pixels. Overlapping boxes
 * are merged.
 */
export function holeBoxes(mask: Mask, minimum: number): readonly Box[] {
  const withMargin = (box: Box): Box =>
    growBox(box, Math.max(minimum, Math.round((box.width + box.height) / 2)), mask);
  return groupByBox(cellBoxes(mask), withMargin).map(({ box }) => box);
}

/** Boxes around holes that touch the same or neighbouring cells of a coarse grid. */
function cellBoxes({ width, height, data }: Mask): readonly Box[] {
  const columns = Math.ceil(width / CELL);
  const cells = new Map<number, Box>();
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if (data[y * width + x] === 0) continue;
      const cell = Math.floor(y / CELL) * columns + Math.floor(x / CELL);
      const pixel = { left: x, top: y, width: 1, height: 1 };
      const known = cells.get(cell);
      cells.set(cell, known ? joinBoxes(known, pixel) : pixel);
    }
  }
  const groups: Box[] = [];
  while (cells.size > 0) groups.push(takeGroup(cells, columns));
  return groups;
}

/** Removes one cell and all cells connected to it from `cells`; returns their bounding box. */
function takeGroup(cells: Map<number, Box>, columns: number): Box {
  const [first] = cells.keys();
  const pending = [first];
  let group: Box | undefined;
  for (let cell = pending.pop(); cell !== undefined; cell = pending.pop()) {
    const box = cells.get(cell);
    if (!box) continue;
    cells.delete(cell);
    group = group ? joinBoxes(group, box) : box;
    const x = cell % columns;
    for (const dy of [-columns, 0, columns])
      for (const dx of [-1, 0, 1]) if (x + dx >= 0 && x + dx < columns) pending.push(cell + dy + dx);
  }
  if (!group) throw new RangeError('there was no cell to take');
  return group;
}
