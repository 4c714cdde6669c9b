import { modelMismatch } from '../../runtime/tensor-session.js';
import type { DetrHead } from '../head.js';
import { numbersOf, tableOf, type Outputs } from '../numbers.js';
import { toCorners, toPixels } from './box-formats.js';
import { classProbabilities } from './class-scores.js';
import type { YoloTarget } from './yolo.js';

/**
 * Queries that each find one object or none: logits [1, q, classes] and boxes [1, q, 4] (normalised centre
 * and size). DETR (Carion et al., 2020) uses a softmax with "no object" as the last class; Deformable DETR,
 * DINO and RT-DETR use a sigmoid per class. There are no duplicates to remove.
 */
export function decodeDetr(head: DetrHead, outputs: Outputs, { size, found }: YoloTarget): void {
  const logits = numbersOf(outputs, head.scores);
  const { rows, columns } = tableOf(logits);
  const boxes = numbersOf(outputs, head.boxes);
  if (boxes.data.length < rows * 4) {
    throw modelMismatch(
      `The network's output ${head.boxes} is [${boxes.dims.join(', ')}], but there are logits for ${String(rows)} queries.`,
    );
  }
  for (let row = 0; row < rows; row += 1) {
    const probabilities = classProbabilities(logits.data.subarray(row * columns, (row + 1) * columns), head);
    let label = 0;
    for (let other = 1; other < probabilities.length; other += 1)
      if (probabilities[other] > probabilities[label] || Number.isNaN(probabilities[other])) label = other;
    const score = probabilities[label];
    if (!found.reaches(score)) continue;
    const [a, b, c, d] = boxes.data.subarray(row * 4, row * 4 + 4);
    const corners = toPixels(toCorners('cxcywh', [a, b, c, d]), 'normalised', size);
    const [left, top, right, bottom] = corners;
    found.add({ left, top, right, bottom, score, label });
  }
}
