import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FilledImage, FillRequest, FillResult } from './filler.js';

/** Progress, cancellation, times and warnings of one fill. */
export class FillClock {
  readonly #request: Pick<FillRequest, 'signal' | 'onProgress'>;
  readonly #timings: Record<string, number> = {};
  readonly #warnings = new Set<string>();
  #reported = 0;

  constructor(request: Pick<FillRequest, 'signal' | 'onProgress'>) {
    this.#request = request;
  }

  /**
   * Reports `done` (0 to 1) of a stage that covers the progress from `from` to `to`, and yields to the event loop so
   * that an abort can arrive.
   * @throws the signal's reason once it is aborted
   */
  async pace(done: number, from: number, to: number): Promise<void> {
    await nextTurn();
    this.#request.signal.throwIfAborted();
    const part = from + (to - from) * Math.min(1, Math.max(0, done));
    if (part <= this.#reported) return;
    this.#reported = part;
    this.#request.onProgress(part);
  }

  /** Runs a stage and adds its time to `name`. */
  async time<T>(name: string, run: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await run();
    } finally {
      this.#timings[name] = (this.#timings[name] ?? 0) + performance.now() - start;
    }
  }

  /** Adds a warning for the user; repeated warnings are listed once. */
  warn(sentence: string): void {
    this.#warnings.add(sentence);
  }

  /** Builds the result of the fill and sets the progress to 1. */
  result(images: readonly [FilledImage, ...FilledImage[]]): FillResult {
    if (this.#reported < 1) this.#request.onProgress(1);
    this.#reported = 1;
    return { images, timings: this.#timings, warnings: [...this.#warnings] };
  }
}
