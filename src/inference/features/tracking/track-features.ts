import { findCorrespondences } from '../correspondences.js';
import type { Features } from '../types.js';
import type { TrackedFeatures } from './goal-tracker.js';

/** Finds the goal's points among a frame's features, in this thread. */
export async function trackFeatures(goal: Features, frame: Features): Promise<TrackedFeatures> {
  const start = performance.now();
  const found = await findCorrespondences(goal, frame);
  return { found, keypoints: frame.count, matchMs: performance.now() - start };
}
