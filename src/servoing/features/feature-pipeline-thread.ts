import { parentPort, workerData } from 'node:worker_threads';
import { serveThread, type ThreadAnswer } from '../../supervision/threads/serve-thread.js';
import type { Features } from '../../vision/features/types.js';
import { FeatureTracker, type FeatureTrackerOptions } from './feature-tracker.js';
import type { LensView } from './rectify-features.js';
import type { TrackedFeatures } from './track-features.js';
import type { Image } from '../../vision/image/image.js';

/** Requests to a thread: detect features in an image, set a goal, or track the goal in an image. */
export type FeatureRequest =
  | { readonly kind: 'detect'; readonly image: Image }
  | { readonly kind: 'goal'; readonly goal: Features }
  | { readonly kind: 'track'; readonly image: Image; readonly lens?: LensView };

/** Entry of a worker thread. When the network cannot be opened, every request fails. */
if (parentPort !== null) {
  const tracker = new FeatureTracker(workerData as FeatureTrackerOptions);
  serveThread<FeatureRequest, Features | TrackedFeatures | null>(parentPort, async (request) => {
    if (request.kind === 'goal')
      return tracker.setGoal(request.goal).then(() => ({ result: null, transfer: [] }));
    return request.kind === 'detect'
      ? answerFeatures(await tracker.detect(request.image))
      : answerTracked(await tracker.track(request.image, request.lens));
  });
}

function answerFeatures(result: Features): ThreadAnswer<Features> {
  const { points, scores, sizes, angles, descriptors, patches } = result;
  const arrays = [points, scores, sizes, angles, descriptors.data, ...(patches ? [patches.data] : [])];
  return { result, transfer: buffersOf(arrays) };
}

function answerTracked(result: TrackedFeatures): ThreadAnswer<TrackedFeatures> {
  const { cur, visible, inliers, matches, candidates } = result.found;
  const { goalIndex, currentIndex, distances } = matches;
  return {
    result,
    transfer: buffersOf([
      cur,
      visible,
      inliers,
      goalIndex,
      currentIndex,
      distances,
      ...(candidates ? [candidates] : []),
    ]),
  };
}

/** Buffers to transfer; arrays that share their buffer are copied instead. */
function buffersOf(arrays: readonly ArrayBufferView[]): ArrayBuffer[] {
  const own = arrays.filter(({ byteLength, buffer }) => byteLength === buffer.byteLength);
  return [...new Set(own.map(({ buffer }) => buffer as ArrayBuffer))];
}
