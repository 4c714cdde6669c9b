import {
  checkCorrespondences,
  LOOSE_RATIO,
  weakCorrespondences,
  type Correspondences,
} from '../../vision/features/correspondences.js';
import { plainMatcher, type FeatureMatcher } from './feature-matcher.js';
import type { Features } from '../../vision/features/types.js';

/** Correspondences of one frame, and the time taken to find them. */
export interface FoundFeatures {
  readonly found: Correspondences;
  /** Key points of the frame. */
  readonly keypoints: number;
  /** Milliseconds spent on matching and geometric check. */
  readonly matchMs: number;
}

/** As {@link FoundFeatures}, including detection. */
export interface TrackedFeatures extends FoundFeatures {
  /** Milliseconds spent on detection and description. */
  readonly detectMs: number;
}

/** Finds the goal's points among a frame's features, in this thread; float descriptors need a matcher network. */
export async function trackFeatures(
  goal: Features,
  frame: Features,
  matcher: FeatureMatcher = plainMatcher,
): Promise<FoundFeatures> {
  const start = performance.now();
  const compared = await matcher.compare(goal, frame);
  const verified = checkCorrespondences(goal, frame, compared.matches());
  const found =
    verified.lost === null
      ? verified
      : weakCorrespondences(goal, frame, {
          loose: compared.matches(LOOSE_RATIO),
          lost: verified,
        });
  return { found, keypoints: frame.count, matchMs: performance.now() - start };
}
