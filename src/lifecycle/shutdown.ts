import type { EventEmitter } from 'node:events';
import { messageOf } from '../errors/app-error.js';
import type { Logger } from '../logging/logger.js';
import { onStopSignals } from './stop-signals.js';

/** How a process ends. */
export interface ShutdownOptions {
  /** Time for all steps together; what is not done by then is left and the process ends with code 1. */
  readonly deadlineMs: number;
  readonly log: Logger;
  /** `process.exit`, or a stand-in. */
  readonly exit: (code: number) => void;
}

/** What a step may want to know. */
export interface ShutdownCause {
  /** The parent was killed: what it held, such as the embedded database, is gone or about to go. */
  readonly orphaned: boolean;
}

interface Step {
  readonly name: string;
  readonly run: (cause: ShutdownCause) => Promise<void>;
}

/** An orphaned process stops quickly: unfinished work is left to the next start. */
const ORPHAN_DEADLINE_MS = 5_000;

/**
 * Ends a process in order: steps run one after another as they were added. A step that fails does not
 * keep the next ones from running.
 */
export class Shutdown {
  readonly #options: ShutdownOptions;
  readonly #steps: Step[] = [];
  #begun = false;

  constructor(options: ShutdownOptions) {
    this.#options = options;
  }

  /** Adds a step; add them in the order in which they shall run. */
  add(name: string, run: Step['run']): void {
    this.#steps.push({ name, run });
  }

  /** Ends the process at a signal to stop, or when the parent that forked it is gone. A second signal ends it at once. */
  listen(emitter: EventEmitter): void {
    onStopSignals(emitter, {
      stop: (signal) => void this.begin(signal),
      force: () => this.#options.exit(1),
    });
    emitter.on('disconnect', () => void this.begin('the parent process is gone', { orphaned: true }));
  }

  /** Runs the steps once, however often it is called, and exits: 0, or 1 when a step failed or time ran out. */
  async begin(reason: string, cause: ShutdownCause = { orphaned: false }): Promise<void> {
    if (this.#begun) return;
    this.#begun = true;
    const { log, exit } = this.#options;
    const deadlineMs = cause.orphaned ? ORPHAN_DEADLINE_MS : this.#options.deadlineMs;
    log.info('Shutting down.', { reason });
    const late = setTimeout(() => {
      log.error('The shutdown takes too long and is cut off.', { deadlineMs });
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
