import { messageOf } from '../errors/app-error.js';
import type { Logger } from '../logging/logger.js';

/** A task that runs periodically. */
export interface PeriodicTask {
  readonly name: string;
  readonly intervalMs: number;
  /**
   * Pause after the first round, `intervalMs` by default; different phases let tasks share one connection.
   */
  readonly firstPauseMs?: number;
  run(): Promise<void>;
}

/** Runs a task immediately and then with pauses; a failed round is logged and the next one follows. */
export class Periodic {
  readonly #task: PeriodicTask;
  readonly #log: Logger;
  #rounds: Promise<void> = Promise.resolve();
  #endPause: (() => void) | undefined;
  #woken = false;
  #stopped = false;

  constructor(task: PeriodicTask, log: Logger) {
    this.#task = task;
    this.#log = log;
  }

  start(): void {
    this.#rounds = this.#runRounds();
  }

  /** Ends the pause; if a round is running, another one follows immediately. */
  wake(): void {
    this.#woken = true;
    this.#endPause?.();
  }

  /** Resolves when no round is running any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#endPause?.();
    await this.#rounds;
  }

  async #runRounds(): Promise<void> {
    for (let first = true; !this.#stopped; first = false) {
      this.#woken = false;
      try {
        await this.#task.run();
      } catch (error) {
        const reason = messageOf(error);
        this.#log.warn(`A round of ${this.#task.name} failed; the next one follows.`, { reason });
      }
      if (!this.#stopped && !this.#woken) await this.#pause(first);
    }
  }

  #pause(first: boolean): Promise<void> {
    const { intervalMs, firstPauseMs = intervalMs } = this.#task;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, first ? firstPauseMs : intervalMs);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
