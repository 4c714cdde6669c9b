import { parentPort, workerData } from 'node:worker_threads';
import { serveThread, type ThreadAnswer } from '../../supervision/threads/serve-thread.js';
import { openDetector, type DetectorSource } from './detectors/open-detector.js';
import { openFeatureMatcher, type FeatureMatcher } from './feature-matcher.js';
import type { Features } from '../../vision/features/types.js';
import { rectifyFeatures, type LensView } from './rectify-features.js';
import { trackFeatures, type TrackedFeatures } from './track-features.js';
import type { Image } from '../../vision/image/image.js';

/** Options of a thread. */
export interface FeaturePipelineThreadData {
  readonly detector: DetectorSource;
  readonly modelsDirectory: string;
}

/** Requests to a thread: detect features in an image, set a goal, or track the goal in an image. */
export type FeatureRequest =
  | { readonly kind: 'detect'; readonly image: Image }
  | { readonly kind: 'goal'; readonly goal: Features }
  | { readonly kind: 'track'; readonly image: Image; readonly lens?: LensView };

interface KnownGoal {
  readonly features: Features;
  readonly matcher: FeatureMatcher;
}

/** Entry of a worker thread. When the network cannot be opened, every request fails. */
if (parentPort !== null) {
  const { detector: source, modelsDirectory } = workerData as FeaturePipelineThreadData;
  const opened = openDetector(source);
  opened.catch(() => undefined);
  let goal: KnownGoal | undefined;

  const detect = async (image: Image, sensitive = false): Promise<Features> =>
    (await opened).detect(image, sensitive);

  const setGoal = async (features: Features): Promise<void> => {
    await goal?.matcher.close();
    goal = { features, matcher: await openFeatureMatcher(features.descriptors.kind, modelsDirectory) };
  };

  const track = async (image: Image, lens: LensView | undefined): Promise<TrackedFeatures> => {
    if (goal === undefined) throw new Error('Set a goal before tracking.');
    const start = performance.now();
    const features = rectifyFeatures(await detect(image, goal.features.sensitive), lens);
    const detectMs = performance.now() - start;
    return { detectMs, ...(await trackFeatures(goal.features, features, goal.matcher)) };
  };

  serveThread<FeatureRequest, Features | TrackedFeatures | null>(parentPort, async (request) => {
    if (request.kind === 'goal') return setGoal(request.goal).then(() => ({ result: null, transfer: [] }));
    return request.kind === 'detect'
      ? answerFeatures(await detect(request.image))
      : answerTracked(await track(request.image, request.lens));
  });
}

function answerFeatures(result: Features): ThreadAnswer<Features> {
  const { points, scores, sizes, angles, descriptors } = result;
  return { result, transfer: buffersOf([points, scores, sizes, angles, descriptors.data]) };
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
