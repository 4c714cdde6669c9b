import type { StopReason } from './attempt-stopped.js';

/** How the work on one hint ended; the runner tells the queue in its own words. */
export type JobOutcome =
  /** The result is recorded. */
  | { readonly kind: 'completed' }
  /** There was nothing to claim: the job is gone, over, or run by somebody else. */
  | { readonly kind: 'skipped' }
  /** Stopped because the row says so; nothing was recorded. */
  | { readonly kind: 'stopped'; readonly reason: Exclude<StopReason, 'shutdown'> }
  /** This worker ends, or has no room on its disk; the message goes back untouched. */
  | { readonly kind: 'requeued' }
  /** Failed, to be tried again after a pause. */
  | { readonly kind: 'handed-back'; readonly message: string }
  /** Failed for good; the row says FAILED. */
  | { readonly kind: 'failed'; readonly message: string };
