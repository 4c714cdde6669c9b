/** Why a running start is stopped from outside: cancelled, taken over by another start, or this worker ends. */
export type StopReason = 'cancelled' | 'fence-lost' | 'shutdown';

/** Reason of an abort signal: not a failure of the job. */
export class AttemptStopped extends Error {
  constructor(readonly reason: StopReason) {
    super(`The start was stopped: ${reason}.`);
    this.name = 'AttemptStopped';
  }
}
