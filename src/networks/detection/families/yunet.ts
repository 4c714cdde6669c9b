import { modelMismatch } from '../../runtime/tensor-session.js';
import type { YunetHead } from '../head.js';
import { numbersOf, type Numbers, type Outputs } from '../numbers.js';
import { gridCells, type YoloTarget } from './yolo.js';

/** Output names that are read for each grid; those of the key points (`kps_<stride>`) are ignored. */
export const YUNET_PARTS = ['cls', 'obj', 'bbox'] as const;

/**
 * Faces detected by YuNet (Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023): for each
 * stride s the outputs `cls_<s>` [1, n, 1], `obj_<s>` [1, n, 1] and `bbox_<s>` [1, n, 4] over the cells of
 * the grid. The score is the geometric mean of both probabilities; the box is the centre relative to the cell
 * and the logarithm of the size, both in strides.
 */
export function decodeYunet({ strides }: YunetHead, outputs: Outputs, { size, found }: YoloTarget): void {
  for (const stride of strides) {
    const [classes, objects, boxes] = YUNET_PARTS.map((part) =>
      numbersOf(outputs, `${part}_${String(stride)}`),
    );
    const cells = gridCells([stride], size);
    requireCells(classes, cells.length);
    requireCells(objects, cells.length);
    requireCells(boxes, 4 * cells.length);
    cells.forEach(({ column, row }, index) => {
      const score = Math.sqrt(probability(classes.data[index]) * probability(objects.data[index]));
      if (!found.reaches(score)) return;
      const [x, y, w, h] = boxes.data.subarray(4 * index, 4 * index + 4);
      const [centreX, centreY] = [(column + x) * stride, (row + y) * stride];
      const [width, height] = [Math.exp(w) * stride, Math.exp(h) * stride];
      found.add({
        left: centreX - width / 2,
        top: centreY - height / 2,
        right: centreX + width / 2,
        bottom: centreY + height / 2,
        score,
        label: 0,
      });
    });
  }
}

/** Clamps a probability that is slightly outside of 0 to 1 because of rounding; NaN stays NaN. */
const probability = (value: number): number => Math.min(1, Math.max(0, value));

function requireCells({ name, dims, data }: Numbers, wanted: number): void {
  if (data.length >= wanted) return;
  throw modelMismatch(
    `The network's output ${name} is [${dims.join(', ')}], but its grid needs ${String(wanted)} numbers.`,
  );
}
