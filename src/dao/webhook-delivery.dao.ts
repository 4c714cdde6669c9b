import type {
  NewWebhookDelivery,
  WebhookAttemptRecord,
  WebhookClaim,
} from '../domain/repositories/webhook-delivery.repository.js';
import type {
  ClaimedWebhookDelivery,
  WebhookDelivery,
  WebhookDeliveryStatus,
  WebhookDeliverySummary,
} from '../domain/webhook-delivery.js';
import { WEBHOOKS_CHANNEL } from '../domain/webhook.js';
import { Dao } from './dao.js';

/** Row of `webhook_deliveries`. */
export type WebhookDeliveryRow = WebhookDelivery;

const SUMMARY = `id, webhook_id AS "webhookId", type, job_id AS "jobId", status, attempt, tries,
  next_attempt_at AS "nextAttemptAt", expires_at AS "expiresAt", created_at AS "createdAt",
  finished_at AS "finishedAt"`;
const COLUMNS = `${SUMMARY}, payload, attempts`;

/** The row is not being sent. */
const FREE = '(lease_expires_at IS NULL OR lease_expires_at < clock_timestamp())';

/** Table `webhook_deliveries`. */
export class WebhookDeliveryDao extends Dao {
  async insert(delivery: NewWebhookDelivery): Promise<WebhookDeliveryRow> {
    const [row] = await this.rows<WebhookDeliveryRow>(
      `INSERT INTO webhook_deliveries (id, webhook_id, type, job_id, payload, expires_at, next_attempt_at)
       VALUES ($id, $webhookId, $type, $jobId, $payload, $expiresAt, clock_timestamp()) RETURNING ${COLUMNS}`,
      { ...delivery },
    );
    return row;
  }

  /** Replaces the job's last progress message; one that is being sent may be sent again with the new content. */
  async upsertProgress(delivery: NewWebhookDelivery, intervalMs: number): Promise<void> {
    await this.rows(
      `INSERT INTO webhook_deliveries AS d (id, webhook_id, type, job_id, payload, expires_at, next_attempt_at)
       VALUES ($id, $webhookId, $type, $jobId, $payload, $expiresAt, clock_timestamp())
       ON CONFLICT (webhook_id, job_id) WHERE type = 'job.progress' DO UPDATE
          SET id = EXCLUDED.id, payload = EXCLUDED.payload, expires_at = EXCLUDED.expires_at, status = 'pending',
              attempt = 0, tries = 0, fence = NULL, lease_expires_at = NULL, attempts = '[]',
              created_at = clock_timestamp(), finished_at = NULL,
              next_attempt_at = greatest(clock_timestamp(), d.attempted_at + $intervalMs::int * interval '1 millisecond')
       RETURNING id`,
      { ...delivery, intervalMs },
    );
  }

  async removeProgress(jobId: string): Promise<void> {
    await this.rows(
      `DELETE FROM webhook_deliveries
        WHERE job_id = $jobId AND type = 'job.progress' AND status = 'pending' AND ${FREE} RETURNING id`,
      { jobId },
    );
  }

  /** Wakes workers at commit. */
  async notify(): Promise<void> {
    await this.rows('SELECT pg_notify($channel, $message)', { channel: WEBHOOKS_CHANNEL, message: '' });
  }

  /** The first endpoint of each user, then the second ones and so on, so that users take turns. */
  async listDueWebhooks(limit: number): Promise<string[]> {
    const rows = await this.rows<{ id: string }>(
      `SELECT w.id FROM webhooks w JOIN webhook_deliveries d ON d.webhook_id = w.id
        WHERE d.status = 'pending' AND d.next_attempt_at <= clock_timestamp() AND d.expires_at > clock_timestamp()
          AND (d.lease_expires_at IS NULL OR d.lease_expires_at < clock_timestamp())
          AND w.disabled_at IS NULL AND (w.paused_until IS NULL OR w.paused_until <= clock_timestamp())
        GROUP BY w.id
        ORDER BY row_number() OVER (PARTITION BY w.user_id ORDER BY min(d.next_attempt_at)), min(d.next_attempt_at)
        LIMIT $limit`,
      { limit },
    );
    return rows.map(({ id }) => id);
  }

  /** Ends of jobs come before progress, which may be replaced. */
  async claim({
    webhookId,
    concurrency,
    userConcurrency,
    leaseMs,
  }: WebhookClaim): Promise<ClaimedWebhookDelivery[]> {
    this.requireTransaction();
    // Claims of one user wait for each other, so that each counts what the others have claimed.
    await this.rows(
      `SELECT pg_advisory_xact_lock(hashtextextended('webhooks of ' || user_id::text, 0)) FROM webhooks
        WHERE id = $webhookId`,
      { webhookId },
    );
    return this.rows<ClaimedWebhookDelivery>(
      `WITH sending AS (
         SELECT count(*)::int AS number FROM webhook_deliveries
          WHERE webhook_id = $webhookId AND status = 'pending' AND lease_expires_at >= clock_timestamp()),
       sending_of_user AS (
         SELECT count(*)::int AS number FROM webhooks own
           JOIN webhooks other ON other.user_id = own.user_id
           JOIN webhook_deliveries d ON d.webhook_id = other.id
          WHERE own.id = $webhookId AND d.status = 'pending' AND d.lease_expires_at >= clock_timestamp()),
       due AS (
         SELECT id FROM webhook_deliveries
          WHERE webhook_id = $webhookId AND status = 'pending' AND next_attempt_at <= clock_timestamp()
            AND expires_at > clock_timestamp() AND ${FREE}
          ORDER BY (type = 'job.progress'), next_attempt_at, created_at, id
          LIMIT greatest(0, least($concurrency::int - (SELECT number FROM sending),
                                  $userConcurrency::int - (SELECT number FROM sending_of_user))) FOR UPDATE)
       UPDATE webhook_deliveries
          SET attempt = attempt + 1, tries = tries + 1, attempted_at = clock_timestamp(), fence = gen_random_uuid(),
              lease_expires_at = clock_timestamp() + $leaseMs::int * interval '1 millisecond'
        WHERE id IN (SELECT id FROM due) RETURNING fence, ${COLUMNS}`,
      { webhookId, concurrency, userConcurrency, leaseMs },
    );
  }

  async record({ id, fence, attempts, status, nextAttemptAt }: WebhookAttemptRecord): Promise<boolean> {
    const rows = await this.rows(
      `UPDATE webhook_deliveries
          SET status = $status::text, next_attempt_at = $nextAttemptAt::timestamptz, fence = NULL, lease_expires_at = NULL,
              finished_at = CASE WHEN $status::text = 'pending' THEN NULL ELSE clock_timestamp() END,
              attempts = $attempts::json
        WHERE id = $id AND fence = $fence::uuid AND status = 'pending' RETURNING id`,
      { id, fence, status, nextAttemptAt, attempts: JSON.stringify(attempts) },
    );
    return rows.length > 0;
  }

  async release(id: string, fence: string): Promise<void> {
    await this.rows(
      `UPDATE webhook_deliveries SET attempt = attempt - 1, tries = tries - 1, fence = NULL, lease_expires_at = NULL
        WHERE id = $id AND fence = $fence::uuid AND status = 'pending' RETURNING id`,
      { id, fence },
    );
  }

  async find(id: string, webhookId: string): Promise<WebhookDeliveryRow | null> {
    const [row] = await this.rows<WebhookDeliveryRow>(
      `SELECT ${COLUMNS} FROM webhook_deliveries WHERE id = $id AND webhook_id = $webhookId`,
      { id, webhookId },
    );
    return row ?? null;
  }

  /** Newest first. */
  async list(
    webhookId: string,
    statuses: readonly WebhookDeliveryStatus[],
    { limit, olderThan }: { limit: number; olderThan?: { createdAt: Date; id: string } },
  ): Promise<WebhookDeliverySummary[]> {
    return this.rows<WebhookDeliverySummary>(
      `SELECT ${SUMMARY}, attempts -> -1 AS "lastAttempt" FROM webhook_deliveries
        WHERE webhook_id = $webhookId AND (cardinality($statuses::text[]) = 0 OR status = ANY ($statuses::text[]))
          AND ($before::timestamptz IS NULL OR (created_at, id) < ($before::timestamptz, $beforeId::uuid))
        ORDER BY created_at DESC, id DESC LIMIT $limit`,
      {
        webhookId,
        statuses: [...statuses],
        limit,
        before: olderThan?.createdAt ?? null,
        beforeId: olderThan?.id ?? null,
      },
    );
  }

  async redeliver(id: string, expiresAt: Date): Promise<void> {
    await this.rows(
      `UPDATE webhook_deliveries
          SET status = 'pending', tries = 0, next_attempt_at = clock_timestamp(), expires_at = $expiresAt,
              fence = NULL, lease_expires_at = NULL, finished_at = NULL
        WHERE id = $id AND ${FREE} RETURNING id`,
      { id, expiresAt },
    );
  }

  async hasten(webhookId: string): Promise<void> {
    await this.rows(
      `UPDATE webhook_deliveries SET next_attempt_at = clock_timestamp()
        WHERE webhook_id = $webhookId AND status = 'pending' AND next_attempt_at > clock_timestamp() RETURNING id`,
      { webhookId },
    );
  }

  async expire(): Promise<number> {
    const rows = await this.rows(
      `UPDATE webhook_deliveries SET status = 'failed', next_attempt_at = NULL, finished_at = clock_timestamp(),
              fence = NULL, lease_expires_at = NULL
        WHERE status = 'pending' AND expires_at <= clock_timestamp() AND ${FREE} RETURNING id`,
      {},
    );
    return rows.length;
  }

  async prune(webhookId: string, most: number): Promise<void> {
    await this.rows(
      `DELETE FROM webhook_deliveries WHERE id IN (
         SELECT id FROM webhook_deliveries WHERE webhook_id = $webhookId AND status <> 'pending'
          ORDER BY created_at DESC, id DESC OFFSET $most) RETURNING id`,
      { webhookId, most },
    );
  }

  async removeFinishedBefore(date: Date): Promise<number> {
    const rows = await this.rows(
      `DELETE FROM webhook_deliveries WHERE status <> 'pending' AND finished_at < $date RETURNING id`,
      { date },
    );
    return rows.length;
  }
}
