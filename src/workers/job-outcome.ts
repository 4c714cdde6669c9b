import type { StopReason } from './attempt-stopped.js';

/** How the work on one queue message ended; the runner reports it to the queue. */
export type JobOutcome =
  /** The result is recorded. */
  | { readonly kind: 'completed' }
  /** There was nothing to claim: the job was deleted, has ended, or runs in another worker. */
  | { readonly kind: 'skipped' }
  /** Stopped because the row says so; nothing was recorded. */
  | { readonly kind: 'stopped'; readonly reason: Exclude<StopReason, 'shutdown'> }
  /** This worker shuts down, or its disk is full; the message is requeued without counting an attempt. */
  | { readonly kind: 'requeued' }
  /** Failed, to be retried after a back-off. */
  | { readonly kind: 'retried'; readonly message: string }
  /** Failed for good; the row says FAILED. */
  | { readonly kind: 'failed'; readonly message: string };
