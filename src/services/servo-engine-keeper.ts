import { setTimeout as pause } from 'node:timers/promises';
import type { ServoEngine } from '../domain/servo.js';
import { AppError, isRetryable } from '../errors/app-error.js';
import type { Logger } from '../logging/logger.js';

/** Engines that may die one after the other without an answer in between. */
const MAX_DEATHS = 5;
const FIRST_PAUSE_MS = 50;

/** What the keeper does with engines, and whom it tells. */
export interface ServoEngineKeeperOptions {
  readonly engine: ServoEngine;
  /** Opens another engine in the place of a dead one. */
  reopen(signal: AbortSignal, dead: ServoEngine): Promise<ServoEngine>;
  interrupted(): void;
  resumed(): void;
  /** No engine can be had any more. */
  gaveUp(): void;
  readonly log: Logger;
}

/** Keeps an engine at work for one session: one that dies is replaced at once by another with the same goal. */
export class ServoEngineKeeper {
  readonly #options: ServoEngineKeeperOptions;
  readonly #closing = new AbortController();
  #engine: ServoEngine | null = null;
  #deaths = 0;
  #restarts = 0;

  constructor(options: ServoEngineKeeperOptions) {
    this.#options = options;
    this.#use(options.engine);
  }

  /** The engine; null while it is being replaced. */
  get engine(): ServoEngine | null {
    return this.#engine;
  }

  /** Engines that were replaced. */
  get restarts(): number {
    return this.#restarts;
  }

  /** The engine did its work: what happens next is not the same death again. */
  answered(): void {
    this.#deaths = 0;
  }

  /** Gives the engine back and replaces it no more. */
  async close(): Promise<void> {
    this.#closing.abort();
    const engine = this.#engine;
    this.#engine = null;
    // A dead engine is closed once the attempt to replace it has ended, which may still be reading the goal.
    await engine?.close();
  }

  #use(engine: ServoEngine): void {
    this.#engine = engine;
    const died = (): void => {
      if (this.#engine !== engine || this.#closing.signal.aborted) return;
      this.#engine = null;
      this.#options.log.warn('The engine of a session died and is replaced.', { deaths: this.#deaths + 1 });
      this.#options.interrupted();
      void this.#replace(engine);
    };
    engine.ended.then(died, died);
  }

  async #replace(dead: ServoEngine): Promise<void> {
    await this.#reopen(dead);
    // Only now: closed before, it would leave its place to those that wait for one.
    await dead.close().catch(() => undefined);
  }

  async #reopen(dead: ServoEngine): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      this.#deaths += 1;
      if (this.#deaths > MAX_DEATHS) return this.#options.gaveUp();
      try {
        const engine = await this.#options.reopen(signal, dead);
        if (signal.aborted) return await engine.close();
        this.#restarts += 1;
        this.#use(engine);
        return this.#options.resumed();
      } catch (error) {
        if (signal.aborted) return;
        this.#options.log.warn('An engine could not be replaced yet.', { err: error });
        if (error instanceof AppError && !isRetryable(error)) return this.#options.gaveUp();
        await pause(FIRST_PAUSE_MS * 2 ** this.#deaths, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
