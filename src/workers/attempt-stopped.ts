/**
 * Why a running attempt is stopped from outside: cancelled, replaced by another attempt, or worker shutdown.
 */
export type StopReason = 'cancelled' | 'fence-lost' | 'shutdown';

/** Reason of an abort signal; not a failure of the job. */
export class AttemptStopped extends Error {
  constructor(readonly reason: StopReason) {
    super(`The attempt was stopped: ${reason}.`);
    this.name = 'AttemptStopped';
  }
}
