import { cutMask, type HoleMask, type PixelBox } from '../image/image.js';

/** One row of so many. */
const FEW_ROWS = 8;

/** The smallest box around a hole that has at least one pixel. */
export function boxOfHole({ width, height, data }: HoleMask): PixelBox {
  let [left, right, top, bottom] = [width, -1, -1, -1];
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width, (y + 1) * width);
    const first = row.indexOf(1);
    if (first === -1) continue;
    if (top === -1) top = y;
    bottom = y;
    left = Math.min(left, first);
    right = Math.max(right, row.lastIndexOf(1));
  }
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/**
 * Boxes around the parts of a hole that lie at least `gap` pixels apart: a picture is cut wherever so many rows or
 * columns in a row are known, and the pieces again, as long as there is such a place. In reading order of the cuts;
 * none for a hole without a pixel.
 */
export function separateBoxes(hole: HoleMask, gap: number): readonly PixelBox[] {
  if (!hole.data.includes(1)) return [];
  const box = boxOfHole(hole);
  const inside = cutMask(hole, box);
  const rows = runsOf(rowsWithHole(inside), gap);
  // Most holes leave no gap among their columns already in a few of their rows.
  const apart = rows.length === 1 && runsOf(columnsWithHole(inside, FEW_ROWS), gap).length > 1;
  const columns = apart ? runsOf(columnsWithHole(inside, 1), gap) : [];
  if (rows.length <= 1 && columns.length <= 1) return [box];
  const pieces: PixelBox[] =
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

const rowsWithHole = ({ width, height, data }: HoleMask): Uint8Array =>
  Uint8Array.from({ length: height }, (_, y) =>
    data.subarray(y * width, (y + 1) * width).includes(1) ? 1 : 0,
  );

function columnsWithHole({ width, data }: HoleMask, everyRow: number): Uint8Array {
  const marked = new Uint8Array(width);
  for (let start = 0; start < data.length; start += width * everyRow) {
    for (let x = 0; x < width; x++) marked[x] |= data[start + x];
  }
  return marked;
}

/** Stretches of marked places; those with fewer than `gap` unmarked ones between them are one. */
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
