import { takeRows } from './feature-rows.js';
import { selectSpread } from './spatial-selection.js';
import type { Features } from './types.js';

/** More goal points than this did not improve control and made matching and the network slower. */
const MAX_GOAL_POINTS = 512;

/** Selects the goal features to track: the strongest, spread over the image, at most `limit`. */
export function selectGoalFeatures(
  features: Features,
  image: { readonly width: number; readonly height: number },
  limit: number = MAX_GOAL_POINTS,
): Features {
  const { points, scores } = features;
  return takeRows(
    features,
    selectSpread({ points, scores, width: image.width, height: image.height, limit }),
  );
}
