import { parentPort, workerData } from 'node:worker_threads';
import { serveThread } from '../../threads/serve-thread.js';
import type { Features } from '../types.js';
import type { TrackedFeatures } from './goal-tracker.js';
import { trackFeatures } from './track-features.js';

/** Entry of a worker thread: a frame's features in, the goal's points among them out. */
if (parentPort !== null) {
  const goal = workerData as Features;
  serveThread<Features, TrackedFeatures>(parentPort, async (frame) => {
    const result = await trackFeatures(goal, frame);
    const { cur, visible, inliers, matches } = result.found;
    const arrays = [cur, visible, inliers, matches.goalIndex, matches.currentIndex, matches.distances];
    return { result, transfer: arrays.map((array) => array.buffer as ArrayBuffer) };
  });
}
