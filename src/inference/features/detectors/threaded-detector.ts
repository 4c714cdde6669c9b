import { AppError } from '../../../errors/app-error.js';
import { ThreadPool } from '../../threads/thread-pool.js';
import type { Detector, Features, GrayImage } from '../types.js';

/** Threads that detect. */
export interface ThreadedDetectorOptions {
  readonly name: string;
  /** Compiled entry of a thread: images in, features out. */
  readonly entry: URL;
  /** What every thread is told at its start. */
  readonly workerData: unknown;
  /** Worker threads; at least one runs. */
  readonly threads: number;
}

/** A detector whose images are shared out among worker threads. */
export class ThreadedDetector implements Detector {
  readonly name: string;
  readonly #pool: ThreadPool<GrayImage, Features>;

  constructor({ name, ...threads }: ThreadedDetectorOptions) {
    this.name = name;
    this.#pool = new ThreadPool({ ...threads, errorCode: 'DETECTOR_FAILED' });
  }

  async detect(image: GrayImage): Promise<Features> {
    checkImage(image);
    // A copy is what travels: the caller refills one buffer with frame after frame.
    const data = new Uint8Array(image.data);
    return this.#pool.run({ ...image, data }, [data.buffer]);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

/** The buffers of a feature set, for transfer to another thread. */
export function buffersOf({ points, scores, sizes, angles, descriptors }: Features): ArrayBuffer[] {
  return [points, scores, sizes, angles, descriptors.data].map((array) => array.buffer as ArrayBuffer);
}

function checkImage({ width, height, data }: GrayImage): void {
  if (width > 0 && height > 0 && data.length === width * height) return;
  throw new AppError({
    code: 'IMAGE_SIZE_MISMATCH',
    kind: 'invalid',
    message: `A grey image of ${width}x${height} needs ${width * height} bytes and at least one pixel, but has ${data.length}.`,
    details: { width, height, bytes: data.length },
  });
}
