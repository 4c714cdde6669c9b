import { checkCorrespondences, type Correspondences } from '../../vision/features/correspondences.js';
import { plainMatcher, type FeatureMatcher } from './feature-matcher.js';
import type { Features } from '../../vision/features/types.js';

/** Where a goal's points are in one frame, and what finding them took. */
export interface FoundFeatures {
  readonly found: Correspondences;
  /** Key points of the frame. */
  readonly keypoints: number;
  /** Milliseconds of matching and geometric check. */
  readonly matchMs: number;
}

/** The same from a frame's pixels on. */
export interface TrackedFeatures extends FoundFeatures {
  /** Milliseconds of finding and describing the frame's key points. */
  readonly detectMs: number;
}

/** Finds the goal's points among a frame's features, in this thread; real descriptors want a network's matcher. */
export async function trackFeatures(
  goal: Features,
  frame: Features,
  matcher: FeatureMatcher = plainMatcher,
): Promise<FoundFeatures> {
  const start = performance.now();
  const found = checkCorrespondences(goal, frame, await matcher.match(goal, frame));
  return { found, keypoints: frame.count, matchMs: performance.now() - start };
}
