import { decodeDetr } from './families/detr.js';
import { decodeEndToEnd } from './families/end-to-end.js';
import { decodePostProcessed } from './families/post-processed.js';
import { decodeSsd } from './families/ssd.js';
import { decodeYolo, type YoloTarget } from './families/yolo.js';
import { decodeYunet } from './families/yunet.js';
import type { Head } from './head.js';
import type { Outputs } from './numbers.js';

/**
 * Collects the boxes of one run that reach the threshold, in pixels of the input.
 * @throws AppError `MODEL_MISMATCH` for outputs that differ from the first run, `MODEL_OUTPUT_INVALID` for
 *   NaN
 */
export function decode(head: Head, outputs: Outputs, target: YoloTarget): void {
  switch (head.family) {
    case 'yolov5':
    case 'yolov8':
    case 'yolox':
      decodeYolo(head, outputs, target);
      return;
    case 'end_to_end':
      decodeEndToEnd(head, outputs, target);
      return;
    case 'ssd':
      decodeSsd(head, outputs, target);
      return;
    case 'post_processed':
      decodePostProcessed(head, outputs, target);
      return;
    case 'detr':
      decodeDetr(head, outputs, target);
      return;
    case 'yunet':
      decodeYunet(head, outputs, target);
      return;
  }
}
