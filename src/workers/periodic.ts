import { messageOf } from '../errors/app-error.js';
import type { Logger } from '../logging/logger.js';

/** Something that is done again and again. */
export interface PeriodicTask {
  readonly name: string;
  readonly intervalMs: number;
  run(): Promise<void>;
}

/** Runs a task at once and then with pauses; a round that fails is logged and the next one comes. */
export class Periodic {
  readonly #task: PeriodicTask;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(task: PeriodicTask, log: Logger) {
    this.#task = task;
    this.#log = log;
  }

  start(): void {
    this.#round = this.#runOnce();
  }

  /** Resolves when no round runs any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#round;
  }

  async #runOnce(): Promise<void> {
    try {
      await this.#task.run();
    } catch (error) {
      this.#log.warn(`A round of ${this.#task.name} failed; the next one comes.`, {
        reason: messageOf(error),
      });
    }
    if (this.#stopped) return;
    this.#timer = setTimeout(() => (this.#round = this.#runOnce()), this.#task.intervalMs);
  }
}
