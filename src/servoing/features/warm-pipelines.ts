import { planFeaturePipeline, type DetectorOptions } from './detectors/registry.js';
import { FeaturePipeline } from './feature-pipeline.js';

/** Idle time after which the threads are ended, which frees the memory of their networks. */
const KEPT_MS = 60_000;

/** A feature pipeline in use. */
export interface LeasedPipeline {
  readonly pipeline: FeaturePipeline;
  /**
   * Ends the use. Safe to call twice; the first call counts.
   * @param keep whether no request is open, so that the next lease may use the threads
   */
  release(keep: boolean): Promise<void>;
}

interface Kept {
  readonly key: string;
  readonly pipeline: FeaturePipeline;
  readonly timer: NodeJS.Timeout;
}

/**
 * Keeps the feature pipeline of the last job of this process for the next one with the same detector: loading SIFT takes
 * longer than a short job. At most one is kept, since its networks hold memory.
 */
export class WarmPipelines {
  #kept: Kept | null = null;

  /** @throws AppError DETECTOR_NOT_AVAILABLE for unknown names */
  async lease(name: string, options: DetectorOptions): Promise<LeasedPipeline> {
    const plan = await planFeaturePipeline(name, options);
    const key = JSON.stringify(plan);
    const kept = this.#take();
    const usable = kept?.key === key && kept.pipeline.usable;
    if (kept !== null && !usable) await kept.pipeline.close();
    const pipeline = kept !== null && usable ? kept.pipeline : new FeaturePipeline(plan);
    let released = false;
    return {
      pipeline,
      release: async (keep) => {
        if (released) return;
        released = true;
        if (keep && pipeline.usable) await this.#keep(key, pipeline);
        else await pipeline.close();
      },
    };
  }

  /** Ends what is kept. */
  async close(): Promise<void> {
    await this.#take()?.pipeline.close();
  }

  #take(): Kept | null {
    const kept = this.#kept;
    this.#kept = null;
    if (kept === null) return null;
    clearTimeout(kept.timer);
    kept.pipeline.hold(true);
    return kept;
  }

  async #keep(key: string, pipeline: FeaturePipeline): Promise<void> {
    await this.close();
    pipeline.hold(false);
    const timer = setTimeout(() => void this.close(), KEPT_MS);
    timer.unref();
    this.#kept = { key, pipeline, timer };
  }
}

/** The pipelines of this process. */
export const warmPipelines = new WarmPipelines();
