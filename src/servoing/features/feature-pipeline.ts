import { AppError } from '../../errors/app-error.js';
import { ThreadPool } from '../../supervision/threads/thread-pool.js';
import type { DetectorSource } from './detectors/open-detector.js';
import type { Detector, Features } from '../../vision/features/types.js';
import type { FeatureRequest, FeaturePipelineThreadData } from './feature-pipeline-thread.js';
import type { TrackedFeatures } from './track-features.js';
import type { Image } from '../../vision/image/image.js';

/** What a feature pipeline is made of. */
export interface FeaturePipelineOptions {
  /** The detector's name as it is written in results. */
  readonly name: string;
  readonly detector: DetectorSource;
  /** Folder of the networks; the matcher's is opened from there. */
  readonly modelsDirectory: string;
  /** Images that are worked on at once; every thread has its own detector. At least one runs. */
  readonly threads: number;
}

/**
 * Detector, matcher and geometric check, on worker threads. An image is looked at by one thread from its pixels to the
 * goal's points in it: nothing but the result travels back.
 */
export class FeaturePipeline implements Detector {
  readonly name: string;
  readonly #pool: ThreadPool<FeatureRequest, Features | TrackedFeatures | null>;

  constructor({ name, detector, modelsDirectory, threads }: FeaturePipelineOptions) {
    this.name = name;
    const workerData: FeaturePipelineThreadData = { detector, modelsDirectory };
    this.#pool = new ThreadPool({
      entry: new URL('./feature-pipeline-thread.js', import.meta.url),
      workerData,
      threads,
      errorCode: 'FRONT_END_FAILED',
    });
  }

  /**
   * The image's bytes are copied: they may be reused as soon as this returns its promise.
   * @throws AppError IMAGE_SIZE_MISMATCH (invalid); FRONT_END_FAILED (internal) when a thread dies or was closed
   */
  async detect(image: Image): Promise<Features> {
    checkImage(image);
    const data = new Uint8Array(image.data);
    const order: FeatureRequest = { kind: 'detect', image: { ...image, data } };
    return (await this.#pool.run(order, [data.buffer])) as Features;
  }

  /** Tells every thread which features {@link track} looks for from now on. */
  async setGoal(goal: Features): Promise<void> {
    await this.#pool.runOnAll({ kind: 'goal', goal });
  }

  /**
   * Finds the goal's features in an image; {@link setGoal} comes first. Several calls may be under way at once. The
   * image's buffer goes over to a thread: it is empty afterwards.
   * @throws AppError IMAGE_SIZE_MISMATCH (invalid); FRONT_END_FAILED (internal) when a thread dies or was closed
   */
  async track(image: Image & { readonly data: Uint8Array<ArrayBuffer> }): Promise<TrackedFeatures> {
    checkImage(image);
    return (await this.#pool.run({ kind: 'track', image }, [image.data.buffer])) as TrackedFeatures;
  }

  /** Ends the threads; open calls are rejected. Safe to call twice. */
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
