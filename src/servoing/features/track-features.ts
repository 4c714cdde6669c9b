import {
  checkCorrespondences,
  LOOSE_RATIO,
  weakCorrespondences,
  type Correspondences,
} from '../../vision/features/correspondences.js';
import { alignMatches, type AlignedFrame } from '../../vision/features/alignment/align-matches.js';
import type { FeatureMatcher } from './feature-matcher.js';
import type { Features } from '../../vision/features/types.js';

/** Correspondences of one frame, and the time taken to find them. */
export interface FoundFeatures {
  readonly found: Correspondences;
  /** Key points of the frame. */
  readonly keypoints: number;
  /** Milliseconds spent on matching, geometric check and alignment of patches. */
  readonly matchMs: number;
}

/** As {@link FoundFeatures}, including detection. */
export interface TrackedFeatures extends FoundFeatures {
  /** Milliseconds spent on detection and description. */
  readonly detectMs: number;
}

/** What finds the goal's points. */
export interface TrackingTools {
  readonly matcher: FeatureMatcher;
  /** Finds the goal's patches in the frame's image; without it, points stay where the detector placed them. */
  readonly image?: Omit<AlignedFrame, 'features'>;
}

/** Finds the goal's points among a frame's features, in this thread. */
export async function trackFeatures(
  goal: Features,
  frame: Features,
  { matcher, image }: TrackingTools,
): Promise<FoundFeatures> {
  const start = performance.now();
  const compared = await matcher.compare(goal, frame);
  const verified = checkCorrespondences(goal, frame, compared.matches());
  const found =
    verified.lost === null
      ? aligned(goal, verified, image && { ...image, features: frame })
      : weakCorrespondences(goal, frame, {
          loose: compared.matches(LOOSE_RATIO),
          lost: verified,
        });
  return { found, keypoints: frame.count, matchMs: performance.now() - start };
}

const aligned = (goal: Features, found: Correspondences, frame?: AlignedFrame): Correspondences =>
  frame === undefined ? found : alignMatches(goal, found, frame);
