import { modelMismatch } from '../../runtime/tensor-session.js';
import type { SsdHead } from '../head.js';
import { numbersOf, tableOf, type Numbers, type Outputs } from '../numbers.js';
import { toCorners, toPixels, type Corners } from './box-formats.js';
import { classProbabilities } from './class-scores.js';
import type { YoloTarget } from './yolo.js';

/**
 * Boxes and scores as separate outputs (Liu et al., "SSD: Single Shot MultiBox Detector", 2016). A box counts
 * for every class whose score reaches the threshold, as in the paper.
 * Boxes are final, or offsets from anchors that are another output of the graph:
 * - `centre_size`, of the paper: centre = anchor's centre + offset * variance * anchor's size, size =
 *   anchor's size * e^(offset * variance); anchors are corners.
 * - `corner_offsets`, of the STM32 model zoo: each corner = anchor's corner + offset * anchor's size.
 */
export function decodeSsd(head: SsdHead, outputs: Outputs, { size, found }: YoloTarget): void {
  const scores = numbersOf(outputs, head.scores);
  const { rows, columns } = tableOf(scores);
  const boxes = boxTable(outputs, head.boxes, rows);
  const anchors = head.anchors === null ? null : boxTable(outputs, head.anchors, rows);
  for (let row = 0; row < rows; row += 1) {
    const line = scores.data.subarray(row * columns, (row + 1) * columns);
    const probabilities = classProbabilities(line, head);
    let corners: Corners | null = null;
    for (let label = 0; label < probabilities.length; label += 1) {
      const score = probabilities[label];
      if (!found.reaches(score)) continue;
      corners ??= toPixels(decodeBox(head, boxes, { anchors, row }), head.coordinates, size);
      const [left, top, right, bottom] = corners;
      found.add({ left, top, right, bottom, score, label });
    }
  }
}

/** @throws AppError `MODEL_MISMATCH` unless there are four numbers for each row of scores */
function boxTable(outputs: Outputs, name: string, rows: number): Numbers {
  const numbers = numbersOf(outputs, name);
  if (numbers.data.length >= rows * 4 && numbers.dims.at(-1) === 4) return numbers;
  throw modelMismatch(
    `The network's output ${name} is [${numbers.dims.join(', ')}], but there are scores for ${String(rows)} boxes.`,
  );
}

const fourAt = ({ data }: Numbers, row: number): Corners => [
  data[row * 4],
  data[row * 4 + 1],
  data[row * 4 + 2],
  data[row * 4 + 3],
];

function decodeBox(
  { boxFormat, encoding, variances }: SsdHead,
  boxes: Numbers,
  { anchors, row }: { readonly anchors: Numbers | null; readonly row: number },
): Corners {
  const box = fourAt(boxes, row);
  if (anchors === null) return toCorners(boxFormat, box);
  const [left, top, right, bottom] = fourAt(anchors, row);
  const [width, height] = [right - left, bottom - top];
  if (encoding === 'corner_offsets') {
    return [left + box[0] * width, top + box[1] * height, right + box[2] * width, bottom + box[3] * height];
  }
  return toCorners('cxcywh', [
    left + width / 2 + box[0] * variances[0] * width,
    top + height / 2 + box[1] * variances[1] * height,
    width * Math.exp(box[2] * variances[2]),
    height * Math.exp(box[3] * variances[3]),
  ]);
}
