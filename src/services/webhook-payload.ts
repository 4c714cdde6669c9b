import { isoOrNull } from '../domain/iso-time.js';
import { isTerminal, type Job } from '../domain/job.js';
import { toCredits } from '../domain/money.js';
import { statusOfEvent, WEBHOOK_PING, type WebhookEvent } from '../domain/webhook.js';

/** Body of a message; `docs/webhooks.md` documents it. */
export interface WebhookMessage {
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Absolute URLs if the public URL of the API is known, paths otherwise; all of them need authentication. */
function linksOf({ id }: Job, completed: boolean, publicUrl = '') {
  const base = publicUrl.replace(/\/$/, '');
  return {
    job: `${base}/api/jobs/${id}`,
    json: completed ? `${base}/api/inference/result/json/${id}` : null,
    zip: completed ? `${base}/api/inference/result/zip/${id}` : null,
  };
}

function progressOf({ type, payload }: WebhookEvent, { progress }: Job): unknown {
  if (type === 'job.progress') return payload;
  return type === 'job.started' ? null : progress;
}

/**
 * The message of an event. The row may be newer than the event, so that status, attempt, progress and failure are those
 * of the event.
 */
export function jobMessage(event: WebhookEvent, job: Job, publicUrl?: string): WebhookMessage {
  const status = statusOfEvent(event.type);
  const ended = isTerminal(status);
  return {
    type: event.type,
    timestamp: event.createdAt.toISOString(),
    data: {
      jobId: job.id,
      batchId: job.batchId,
      datasetId: job.datasetId,
      task: job.task,
      status,
      attempt: event.payload.attempt ?? job.attempt,
      progress: progressOf(event, job),
      cost: {
        quoted: toCredits(job.held),
        held: ended ? 0 : toCredits(job.held),
        captured: ended ? toCredits(job.captured) : 0,
      },
      error: event.payload.failure ?? null,
      createdAt: job.createdAt.toISOString(),
      startedAt: isoOrNull(job.startedAt),
      finishedAt: ended ? isoOrNull(job.finishedAt) : null,
      links: linksOf(job, status === 'COMPLETED', publicUrl),
    },
  };
}

/** The test message of an endpoint. */
export function pingMessage(webhookId: string, now: Date): WebhookMessage {
  return { type: WEBHOOK_PING, timestamp: now.toISOString(), data: { webhookId } };
}
