import type { EventEmitter } from 'node:events';
import { messageOf } from '../errors/app-error.js';
import type { Logger } from '../logging/logger.js';
import { onStopSignals } from './stop-signals.js';

/** How a process shuts down. */
export interface ShutdownOptions {
  /** Time limit for all steps together; after it the process exits with code 1. */
  readonly deadlineMs: number;
  readonly log: Logger;
  /** `process.exit`, or a substitute in tests. */
  readonly exit: (code: number) => void;
}

/** Why the process shuts down, for steps that depend on it. */
export interface ShutdownCause {
  /**
   * The parent process was killed, so that its resources, such as the embedded database, are gone or about to
   * be.
   */
  readonly orphaned: boolean;
}

interface Step {
  readonly name: string;
  readonly run: (cause: ShutdownCause) => Promise<void>;
}

/** An orphaned process exits quickly and leaves unfinished work to the next start. */
const ORPHAN_DEADLINE_MS = 5_000;

/**
 * Shuts down a process: steps run one after another in the order in which they were added. A failing step
 * does not prevent the following ones.
 */
export class Shutdown {
  readonly #options: ShutdownOptions;
  readonly #steps: Step[] = [];
  #begun = false;

  constructor(options: ShutdownOptions) {
    this.#options = options;
  }

  /** Adds a step; steps run in the order in which they are added. */
  add(name: string, run: Step['run']): void {
    this.#steps.push({ name, run });
  }

  /**
   * Shuts the process down at a stop signal or when its parent has exited. A second signal ends it
   * immediately.
   */
  listen(emitter: EventEmitter): void {
    onStopSignals(emitter, {
      stop: (signal) => void this.begin(signal),
      force: () => this.#options.exit(1),
    });
    emitter.on('disconnect', () => void this.begin('the parent process has exited', { orphaned: true }));
  }

  /**
   * Runs the steps, only once however often it is called, and exits with 0, or with 1 when a step failed or
   * the time limit was reached.
   */
  async begin(reason: string, cause: ShutdownCause = { orphaned: false }): Promise<void> {
    if (this.#begun) return;
    this.#begun = true;
    const { log, exit } = this.#options;
    const deadlineMs = cause.orphaned ? ORPHAN_DEADLINE_MS : this.#options.deadlineMs;
    log.info('Shutting down.', { reason });
    const late = setTimeout(() => {
      log.error('The shutdown exceeded its time limit; exiting.', { deadlineMs });
      exit(1);
    }, deadlineMs);
    const failed = await this.#runSteps(cause);
    clearTimeout(late);
    exit(failed ? 1 : 0);
  }

  async #runSteps(cause: ShutdownCause): Promise<boolean> {
    let failed = false;
    for (const { name, run } of this.#steps) {
      try {
        await run(cause);
      } catch (error) {
        failed = true;
        this.#options.log.error(`Shutdown step "${name}" failed.`, { reason: messageOf(error), err: error });
      }
    }
    return failed;
  }
}
