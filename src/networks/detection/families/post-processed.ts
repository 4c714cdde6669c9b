import { modelMismatch } from '../../runtime/tensor-session.js';
import type { PostProcessedHead } from '../head.js';
import { numbersOf, type Outputs } from '../numbers.js';
import { toCorners, toPixels } from './box-formats.js';
import type { YoloTarget } from './yolo.js';

/**
 * Final boxes [1, n, 4], scores [1, n] and classes [1, n], with the number of valid boxes if there is such an
 * output: the detection API of TensorFlow (`detection_boxes`, … `num_detections`), TFLite's post-processing,
 * and torchvision's detectors.
 */
export function decodePostProcessed(
  head: PostProcessedHead,
  outputs: Outputs,
  { size, found }: YoloTarget,
): void {
  const boxes = numbersOf(outputs, head.boxes);
  const scores = numbersOf(outputs, head.scores);
  const classes = numbersOf(outputs, head.classes);
  const rows = scores.dims.at(-1) ?? 0;
  if (boxes.data.length < rows * 4 || classes.data.length < rows) {
    throw modelMismatch(
      `The network returns ${String(rows)} scores, but boxes [${boxes.dims.join(', ')}] and classes [${classes.dims.join(', ')}].`,
    );
  }
  const counted = head.count === null ? rows : numbersOf(outputs, head.count).data[0];
  for (let row = 0; row < Math.min(rows, counted); row += 1) {
    const score = scores.data[row];
    if (!found.reaches(score)) continue;
    const [a, b, c, d] = boxes.data.subarray(row * 4, row * 4 + 4);
    const [left, top, right, bottom] = toPixels(
      toCorners(head.boxFormat, [a, b, c, d]),
      head.coordinates,
      size,
    );
    found.add({ left, top, right, bottom, score, label: Math.round(classes.data[row]) - head.firstClass });
  }
}
