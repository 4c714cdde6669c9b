import { webhookEventOf, WEBHOOKS_CHANNEL, type WebhookEvent } from '../domain/webhook.js';
import type { JobEventRow } from '../models/job-event.model.js';
import { Dao } from './dao.js';

/** Table `webhook_events`, an outbox. */
export class WebhookEventDao extends Dao {
  /**
   * Stores the event if an enabled endpoint of the owner, or of the job's request, subscribes to its type, and wakes
   * workers at commit: one statement, because it runs in the transaction of every job event.
   */
  async insertIfWanted({ jobId, seq, userId, type, payload }: Omit<JobEventRow, 'createdAt'>): Promise<void> {
    const event = webhookEventOf(type, 'status' in payload ? payload : {});
    if (event === undefined) return;
    this.requireTransaction();
    await this.rows(
      `WITH wanted AS (
         INSERT INTO webhook_events (job_id, seq, user_id, type, payload)
         SELECT $jobId::uuid, $seq::int, $userId::uuid, $event::text, $payload::json
          WHERE EXISTS (SELECT 1 FROM webhooks
                         WHERE user_id = $userId::uuid AND disabled_at IS NULL AND $event::text = ANY (events)
                           AND (batch_id IS NULL
                                OR batch_id = (SELECT batch_id FROM inference_jobs WHERE id = $jobId::uuid)))
         RETURNING id)
       SELECT pg_notify($channel, '') FROM wanted`,
      { jobId, seq, userId, event, payload: JSON.stringify(payload), channel: WEBHOOKS_CHANNEL },
    );
  }

  /** Removes and returns the oldest events; rows that another worker takes are left out. */
  async take(limit: number): Promise<WebhookEvent[]> {
    this.requireTransaction();
    const rows = await this.rows<WebhookEvent & { id: string }>(
      `DELETE FROM webhook_events
        WHERE id IN (SELECT id FROM webhook_events ORDER BY id LIMIT $limit FOR UPDATE SKIP LOCKED)
       RETURNING id, job_id AS "jobId", user_id AS "userId", type, payload, created_at AS "createdAt"`,
      { limit },
    );
    return rows.sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1)).map(({ id: _id, ...event }) => event);
  }
}
