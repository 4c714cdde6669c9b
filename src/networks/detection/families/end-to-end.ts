import { modelMismatch } from '../../runtime/tensor-session.js';
import type { EndToEndHead } from '../head.js';
import { numbersOf, tableOf, type Outputs } from '../numbers.js';
import { toPixels } from './box-formats.js';
import type { YoloTarget } from './yolo.js';

/**
 * Final boxes of a graph that removes duplicates itself.
 * - [1, n, 6]: left, top, right, bottom, score, class, as in YOLOv10 (Wang et al., "YOLOv10: Real-Time
 *   End-to-End Object Detection", 2024) and YOLO exports with NMS.
 * - [n, 7]: image index, left, top, right, bottom, class, score, as in end-to-end exports of YOLOv7.
 * Unused rows are zeros; their score is below any threshold above 0, and they have no area.
 */
export function decodeEndToEnd(head: EndToEndHead, outputs: Outputs, { size, found }: YoloTarget): void {
  const numbers = numbersOf(outputs, head.rows);
  const { rows, columns } = tableOf(numbers);
  if (columns !== head.columns) {
    throw modelMismatch(
      `The network's output ${head.rows} has ${String(columns)} numbers per box instead of ${String(head.columns)}.`,
    );
  }
  const { data } = numbers;
  const [firstCorner, scoreAt, labelAt] = columns === 6 ? [0, 4, 5] : [1, 6, 5];
  for (let row = 0; row < rows; row += 1) {
    const start = row * columns;
    if (columns === 7 && data[start] !== 0) continue;
    const score = data[start + scoreAt];
    if (!found.reaches(score)) continue;
    const at = start + firstCorner;
    const corners = toPixels([data[at], data[at + 1], data[at + 2], data[at + 3]], head.coordinates, size);
    const [left, top, right, bottom] = corners;
    found.add({ left, top, right, bottom, score, label: Math.round(data[start + labelAt]) });
  }
}
