import { type Mask, countHoles } from '../../../src/vision/image/mask.js';
import { growAndFeather } from '../../../src/vision/image/mask-growth.js';

/** A frame's mask as the pipeline makes it of these pixels, neither grown nor feathered. */
export function exactMask(hole: Mask) {
  const planes = growAndFeather(hole, { grow: 0, feather: 0 });
  return {
    hole,
    ...planes,
    filled: countHoles(planes.grown.data),
    nonBinaryShare: 0,
    covered: false,
    warning: null,
  };
}
