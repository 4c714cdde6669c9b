import { checkCorrespondences } from '../correspondences.js';
import { plainMatcher, type FeatureMatcher } from '../feature-matcher.js';
import type { Features } from '../types.js';
import type { TrackedFeatures } from './goal-tracker.js';

/** Finds the goal's points among a frame's features, in this thread; real descriptors want a network's matcher. */
export async function trackFeatures(
  goal: Features,
  frame: Features,
  matcher: FeatureMatcher = plainMatcher,
): Promise<TrackedFeatures> {
  const start = performance.now();
  const found = checkCorrespondences(goal, frame, await matcher.match(goal, frame));
  return { found, keypoints: frame.count, matchMs: performance.now() - start };
}
