import { countSet, growAndFeather, type Plane } from '../../src/vision/image/mask.js';

/** A frame's mask as the pipeline makes it of these pixels, neither grown nor feathered. */
export function exactMask(hole: Plane) {
  const planes = growAndFeather(hole, { grow: 0, feather: 0 });
  return {
    hole,
    ...planes,
    filled: countSet(planes.grown.data),
    nonBinaryShare: 0,
    covered: false,
    warning: null,
  };
}
