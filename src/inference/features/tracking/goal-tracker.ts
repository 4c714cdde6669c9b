import { ThreadPool } from '../../threads/thread-pool.js';
import type { Correspondences } from '../correspondences.js';
import type { Features } from '../types.js';

/** Where a goal's points are in one frame, and what finding them took. */
export interface TrackedFeatures {
  readonly found: Correspondences;
  /** Key points of the frame. */
  readonly keypoints: number;
  /** Milliseconds of matching and geometric check. */
  readonly matchMs: number;
}

/** What a thread is told at its start. */
export interface GoalTrackerData {
  /** Selected goal features, the same for all frames. */
  readonly goal: Features;
  readonly modelsDirectory: string;
}

/** Finds one goal's points in frames, on threads: matching costs about as much as fast detectors do. */
export class GoalTracker {
  readonly #pool: ThreadPool<Features, TrackedFeatures>;

  /** @param options `threads`: frames that are matched at once; every thread gets a copy of the goal */
  constructor({ threads, ...data }: GoalTrackerData & { readonly threads: number }) {
    this.#pool = new ThreadPool({
      entry: new URL('./goal-tracker-thread.js', import.meta.url),
      workerData: data,
      threads,
      errorCode: 'MATCHING_FAILED',
    });
  }

  /**
   * Several calls may be under way at once. The frame's arrays go over to a thread: they are empty afterwards.
   * @throws AppError MATCHING_FAILED (internal) when a thread dies or was closed
   */
  track(frame: Features): Promise<TrackedFeatures> {
    const { points, scores, sizes, angles, descriptors } = frame;
    const arrays = [points, scores, sizes, angles, descriptors.data];
    // An array that shares its buffer cannot be handed over alone; it is copied instead.
    const own = arrays.filter((array) => array.byteLength === array.buffer.byteLength);
    const buffers = new Set(own.map((array) => array.buffer as ArrayBuffer));
    return this.#pool.run(frame, [...buffers]);
  }

  /** Ends the threads; open calls are rejected. Safe to call twice. */
  close(): Promise<void> {
    return this.#pool.close();
  }
}
