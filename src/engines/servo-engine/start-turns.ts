import { setTimeout as delay } from 'node:timers/promises';
import PQueue from 'p-queue';

/** An engine that takes longer to load makes others wait no longer. */
const MAX_TURN_MS = 2000;

/** An engine that was started. */
interface Started {
  /** Settles when it has loaded what it needs. */
  readonly loaded: Promise<unknown>;
}

/** Who an engine is started for. */
export interface TurnOptions {
  /** Spares come after sessions. */
  readonly isSpare: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Lets a few engines load at a time. Loading is computing: of many engines that are started together, every one would be
 * ready only when the last one is.
 */
export class StartTurns {
  readonly #queue: PQueue;

  /** @param concurrency engines that load at the same time */
  constructor(concurrency: number) {
    this.#queue = new PQueue({ concurrency });
  }

  /**
   * Calls `start` when it is its turn, which lasts until the engine has loaded.
   * @returns what `start` gives, before it has loaded
   * @throws what `start` throws; the reason of `signal` when it has aborted by then
   */
  take<Value extends Started>(start: () => Promise<Value>, { isSpare, signal }: TurnOptions): Promise<Value> {
    return new Promise((resolve, reject) => {
      const turn = async (): Promise<void> => {
        signal?.throwIfAborted();
        const started = await start();
        resolve(started);
        await settledInTime(started.loaded);
      };
      this.#queue.add(turn, { priority: isSpare ? 0 : 1 }).catch(reject);
    });
  }
}

async function settledInTime(loaded: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  const { signal } = done;
  await Promise.allSettled([
    Promise.race([loaded, delay(MAX_TURN_MS, undefined, { signal })]).finally(() => done.abort()),
  ]);
}
