import { parentPort, workerData } from 'node:worker_threads';
import { serveThread } from '../../threads/serve-thread.js';
import { openFeatureMatcher } from '../feature-matcher.js';
import type { Features } from '../types.js';
import type { GoalTrackerData, TrackedFeatures } from './goal-tracker.js';
import { trackFeatures } from './track-features.js';

/** Entry of a worker thread: a frame's features in, the goal's points among them out. */
if (parentPort !== null) {
  const { goal, modelsDirectory } = workerData as GoalTrackerData;
  const matcher = openFeatureMatcher(goal.descriptors.kind, modelsDirectory);
  // A matcher that cannot be opened fails each request.
  matcher.catch(() => undefined);
  serveThread<Features, TrackedFeatures>(parentPort, async (frame) => {
    const result = await trackFeatures(goal, frame, await matcher);
    const { cur, visible, inliers, matches } = result.found;
    const arrays = [cur, visible, inliers, matches.goalIndex, matches.currentIndex, matches.distances];
    return { result, transfer: arrays.map((array) => array.buffer as ArrayBuffer) };
  });
}
