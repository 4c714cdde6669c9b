import { modelMismatch } from '../../runtime/tensor-session.js';
import type { CandidateList } from '../candidates.js';
import type { InputSize, YoloHead } from '../head.js';
import { numbersOf, tableOf, type Outputs } from '../numbers.js';

/** Numbers per box. */
const BOX = 4;

/**
 * The single output of the YOLO networks.
 * - `yolov8` (v8 to v12, also v5u): [1, 4 + classes, n] or transposed; centre x, centre y, width, height in
 *   pixels of the input, then probabilities.
 * - `yolov5` (v5 to v7): [1, n, 5 + classes]; the same box, then the probability of any object, which is
 *   multiplied with those of the classes.
 * - `yolox` (Ge et al., "YOLOX: Exceeding YOLO Series in 2021"): as `yolov5`, with the centre relative to the
 *   cell and the logarithm of the size, both in strides.
 * Each box has one class, the most probable one.
 */
export function decodeYolo(head: YoloHead, outputs: Outputs, { size, found }: YoloTarget): void {
  const numbers = numbersOf(outputs, head.rows);
  const table = tableOf(numbers);
  const [count, width] = head.boxesFirst ? [table.rows, table.columns] : [table.columns, table.rows];
  const firstScore = head.family === 'yolov8' ? BOX : BOX + 1;
  if (width < firstScore + head.classes) {
    throw modelMismatch(
      `The network's output ${head.rows} has ${String(width)} numbers per box, but ${String(firstScore + head.classes)} are needed for ${String(head.classes)} classes.`,
    );
  }
  const at = head.boxesFirst
    ? (box: number, number: number): number => numbers.data[box * width + number]
    : (box: number, number: number): number => numbers.data[number * count + box];
  const place = head.family === 'yolox' ? gridPlaces(head.strides, size, count) : plainPlace(head, size);
  for (let box = 0; box < count; box += 1) {
    let label = 0;
    let best = at(box, firstScore);
    for (let other = 1; other < head.classes; other += 1) {
      const score = at(box, firstScore + other);
      if (score > best || Number.isNaN(score)) [label, best] = [other, score];
    }
    const score = head.family === 'yolov8' ? best : best * at(box, BOX);
    if (!found.reaches(score)) continue;
    const [x, y, w, h] = place([at(box, 0), at(box, 1), at(box, 2), at(box, 3)], box);
    found.add({ left: x - w / 2, top: y - h / 2, right: x + w / 2, bottom: y + h / 2, score, label });
  }
}

/** Collects the candidates of one image. */
export interface YoloTarget {
  readonly size: InputSize;
  readonly found: CandidateList;
}

type Box = readonly [number, number, number, number];

/** Converts the numbers of box `index` to centre and size in pixels of the input. */
type Place = (box: Box, index: number) => Box;

function plainPlace({ coordinates }: YoloHead, { width, height }: InputSize): Place {
  return coordinates === 'pixels'
    ? (box) => box
    : ([x, y, w, h]) => [x * width, y * height, w * width, h * height];
}

/** Conversion for boxes in grids, with cells in order of ascending stride, row by row. */
function gridPlaces(strides: readonly number[], size: InputSize, count: number): Place {
  const cells = gridCells(strides, size);
  if (cells.length !== count) {
    throw modelMismatch(
      `The network returns ${String(count)} boxes, but its grids of stride ${strides.join(', ')} have ${String(cells.length)} cells.`,
    );
  }
  return ([x, y, w, h], index) => {
    const { column, row, stride } = cells[index];
    return [(x + column) * stride, (y + row) * stride, Math.exp(w) * stride, Math.exp(h) * stride];
  };
}

/** A cell of a grid over the input. */
export interface GridCell {
  readonly column: number;
  readonly row: number;
  readonly stride: number;
}

/** Cells of the grids with these strides, in the order of the network's boxes. */
export function gridCells(strides: readonly number[], { width, height }: InputSize): GridCell[] {
  return strides.flatMap((stride) => {
    const columns = Math.ceil(width / stride);
    const count = columns * Math.ceil(height / stride);
    return Array.from({ length: count }, (_, index) => ({
      column: index % columns,
      row: Math.floor(index / columns),
      stride,
    }));
  });
}
