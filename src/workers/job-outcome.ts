import type { StopReason } from './attempt-stopped.js';

/** Outcome of handling a queue message; the runner reports it to the queue. */
export type JobOutcome =
  /** The result was recorded. */
  | { readonly kind: 'completed' }
  /** There was nothing to claim: no waiting job may start. */
  | { readonly kind: 'skipped' }
  /** Stopped because of the row's status; nothing was recorded. */
  | { readonly kind: 'stopped'; readonly reason: Exclude<StopReason, 'shutdown'> }
  /** The worker is shutting down or its disk is full; the message is requeued without counting an attempt. */
  | { readonly kind: 'requeued' }
  /** Failed; to be retried after a back-off. */
  | { readonly kind: 'retried'; readonly message: string }
  /** Failed finally; the row is FAILED. */
  | { readonly kind: 'failed'; readonly message: string };

/** Outcome of a queue message with the job that was run for it, which the database chose. */
export type HandledMessage = JobOutcome & { readonly jobId?: string };
