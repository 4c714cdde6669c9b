import { AppError } from '../../errors/app-error.js';
import { reportedCall } from '../../networks/runtime/network-calls.js';
import { ThreadPool } from '../../supervision/threads/thread-pool.js';
import type { Detector, Features } from '../../vision/features/types.js';
import type { FeatureRequest } from './feature-pipeline-thread.js';
import type { FeatureTrackerOptions } from './feature-tracker.js';
import type { LensView } from './rectify-features.js';
import type { TrackedFeatures } from './track-features.js';
import type { Image } from '../../vision/image/image.js';

/** Options of a feature pipeline. */
export interface FeaturePipelineOptions extends FeatureTrackerOptions {
  /** The detector's name as written in results. */
  readonly name: string;
  /** Digests of the detector's files: another file under the same id is another detector. */
  readonly digest?: string;
  /** Number of threads, at least 1; each has its own detector and processes one image at a time. */
  readonly threads: number;
}

/**
 * Detector, matcher and geometric check on worker threads. One thread processes an image from its pixels to the
 * correspondences; only the result is sent back.
 */
export class FeaturePipeline implements Detector {
  readonly name: string;
  readonly #pool: ThreadPool<FeatureRequest, Features | TrackedFeatures | null>;
  /** Id of the detector's network; none for the detectors of this product. */
  readonly #network: string | undefined;

  constructor({ name, detector, modelsDirectory, threads }: FeaturePipelineOptions) {
    this.name = name;
    this.#network = detector.kind === 'network' ? detector.id : undefined;
    const workerData: FeatureTrackerOptions = { detector, modelsDirectory };
    this.#pool = new ThreadPool({
      entry: new URL('./feature-pipeline-thread.js', import.meta.url),
      workerData,
      threads,
      errorCode: 'FRONT_END_FAILED',
    });
  }

  /** Whether all threads are alive. */
  get usable(): boolean {
    return this.#pool.alive;
  }

  /** Whether the threads keep this process running; they do unless told otherwise. */
  hold(process: boolean): void {
    this.#pool.hold(process);
  }

  /**
   * Detects features. The image's bytes are copied, so they may be reused as soon as this returns the promise.
   * @throws AppError IMAGE_SIZE_MISMATCH (invalid); FRONT_END_FAILED (internal) when a thread dies or the pipeline was
   * closed
   */
  async detect(image: Image): Promise<Features> {
    checkImage(image);
    const data = new Uint8Array(image.data);
    const request: FeatureRequest = { kind: 'detect', image: { ...image, data } };
    return (await this.#run(request, data.buffer)) as Features;
  }

  /** Sets the goal features that {@link track} looks for, on every thread. */
  async setGoal(goal: Features): Promise<void> {
    await this.#pool.runOnAll({ kind: 'goal', goal });
  }

  /**
   * Finds the goal's features in an image; requires {@link setGoal}. Calls may overlap. The image's buffer is
   * transferred to a thread and is detached afterwards.
   * @param lens lens of the image; the returned points are rectified
   * @throws AppError IMAGE_SIZE_MISMATCH (invalid); FRONT_END_FAILED (internal) when a thread dies or the pipeline was
   * closed
   */
  async track(
    image: Image & { readonly data: Uint8Array<ArrayBuffer> },
    lens?: LensView,
  ): Promise<TrackedFeatures> {
    checkImage(image);
    return (await this.#run({ kind: 'track', image, lens }, image.data.buffer)) as TrackedFeatures;
  }

  /** A thread cannot report the calls of its network itself. The time that an image waits for its thread counts. */
  #run(request: FeatureRequest, buffer: ArrayBuffer): Promise<Features | TrackedFeatures | null> {
    return reportedCall(this.#network, () => this.#pool.run(request, [buffer]));
  }

  /** Stops the threads and rejects pending calls. Idempotent. */
  close(): Promise<void> {
    return this.#pool.close();
  }
}

function checkImage({ width, height, data }: Image): void {
  if (width > 0 && height > 0 && data.length === width * height) return;
  throw new AppError('IMAGE_SIZE_MISMATCH', {
    message: `A grey image of ${width}x${height} needs ${width * height} bytes and at least one pixel, but has ${data.length}.`,
    details: { width, height, bytes: data.length },
  });
}
