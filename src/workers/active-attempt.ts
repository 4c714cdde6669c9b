import type { JobProgress } from '../domain/job.js';
import { messageOf } from '../errors/app-error.js';
import type { Logger } from '../logging/logger.js';
import type { ClaimedJob, JobRecorder } from '../services/job-recorder.service.js';
import { ProgressReporter } from './progress-reporter.js';
import { AttemptStopped, type StopReason } from './attempt-stopped.js';

/** Options of an {@link ActiveAttempt}. */
export interface ActiveAttemptOptions {
  readonly recorder: Pick<JobRecorder, 'renew' | 'progress'>;
  /** Length of the lease, which is renewed three times within it. */
  readonly leaseMs: number;
  readonly log: Logger;
}

/**
 * An attempt while it runs in this process: renews its lease, records progress and stops when the fence is
 * lost. A temporary outage of the database does not stop it; the fence is checked when the result is
 * recorded.
 */
export class ActiveAttempt {
  readonly claim: ClaimedJob;
  readonly #options: ActiveAttemptOptions;
  readonly #controller = new AbortController();
  readonly #progress: ProgressReporter;
  readonly #renewal: NodeJS.Timeout;
  #renewing: Promise<void> | undefined;

  constructor(claim: ClaimedJob, options: ActiveAttemptOptions) {
    this.claim = claim;
    this.#options = options;
    this.#progress = new ProgressReporter((progress) => this.#record(progress));
    this.#renewal = setInterval(() => this.#keepLease(), options.leaseMs / 3);
    // A cancellation between the claim and this line is not delivered, so the row is read once more.
    this.#keepLease();
  }

  /** Aborted with an {@link AttemptStopped}. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why the attempt was stopped, if it was. */
  get stopped(): StopReason | undefined {
    const reason: unknown = this.signal.reason;
    return reason instanceof AttemptStopped ? reason.reason : undefined;
  }

  stop(reason: StopReason): void {
    this.#controller.abort(new AttemptStopped(reason));
  }

  report(progress: JobProgress): void {
    this.#progress.report(progress);
  }

  /** Stops renewals and progress; resolves when no write is pending. */
  async settle(): Promise<void> {
    clearInterval(this.#renewal);
    await Promise.all([this.#progress.close(), this.#renewing]);
  }

  #keepLease(): void {
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = undefined));
  }

  async #renew(): Promise<void> {
    try {
      if (!(await this.#options.recorder.renew(this.claim))) this.stop('fence-lost');
    } catch (error) {
      this.#options.log.warn('The lease could not be renewed; the attempt continues.', {
        reason: messageOf(error),
      });
    }
  }

  async #record(progress: JobProgress): Promise<void> {
    try {
      if (!(await this.#options.recorder.progress(this.claim, progress))) this.stop('fence-lost');
    } catch (error) {
      this.#options.log.debug('Progress could not be recorded.', { reason: messageOf(error) });
    }
  }
}

/** All attempts of this process, by job. */
export class ActiveAttempts {
  readonly #starts = new Map<string, ActiveAttempt>();

  get size(): number {
    return this.#starts.size;
  }

  add(start: ActiveAttempt): void {
    this.#starts.set(start.claim.job.id, start);
  }

  delete(start: ActiveAttempt): void {
    const { id } = start.claim.job;
    if (this.#starts.get(id) === start) this.#starts.delete(id);
  }

  /** Stops the attempt of this job if it runs in this process. */
  cancel(jobId: string): void {
    this.#starts.get(jobId)?.stop('cancelled');
  }

  stopAll(reason: StopReason): void {
    for (const start of this.#starts.values()) start.stop(reason);
  }
}
