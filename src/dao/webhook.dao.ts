import type { OldWebhookSecret, Webhook, WebhookDisabledReason } from '../domain/webhook.js';
import type { NewWebhook, WebhookHealth } from '../domain/repositories/webhook.repository.js';
import { Dao } from './dao.js';

/** Row of `webhooks`. */
export type WebhookRow = Webhook;

/** Columns that an update may set. */
export interface WebhookColumns {
  readonly url: string;
  readonly description: string;
  readonly events: readonly string[];
  readonly tasks: readonly string[];
  readonly datasetIds: readonly string[];
  readonly disabledReason: WebhookDisabledReason | null;
}

const COLUMNS = `id, user_id AS "userId", url, description, events, tasks, dataset_ids AS "datasetIds",
  batch_id AS "batchId", secret, old_secrets AS "oldSecrets", disabled_reason AS "disabledReason",
  disabled_at AS "disabledAt", failures, failing_since AS "failingSince", paused_until AS "pausedUntil",
  delivered_at AS "deliveredAt", created_at AS "createdAt", updated_at AS "updatedAt"`;

/** Table `webhooks`. */
export class WebhookDao extends Dao {
  async insert(webhook: NewWebhook): Promise<WebhookRow> {
    const [row] = await this.rows<WebhookRow>(
      `INSERT INTO webhooks (id, user_id, url, description, events, tasks, dataset_ids, batch_id, secret)
       VALUES ($id, $userId, $url, $description, $events::text[], $tasks::text[], $datasetIds::uuid[], $batchId, $secret)
       RETURNING ${COLUMNS}`,
      {
        ...webhook,
        events: [...webhook.events],
        tasks: [...webhook.tasks],
        datasetIds: [...webhook.datasetIds],
      },
    );
    return row;
  }

  async find(id: string): Promise<WebhookRow | null> {
    const [row] = await this.rows<WebhookRow>(`SELECT ${COLUMNS} FROM webhooks WHERE id = $id`, { id });
    return row ?? null;
  }

  async lock(id: string): Promise<WebhookRow | null> {
    this.requireTransaction();
    const [row] = await this.rows<WebhookRow>(
      `SELECT ${COLUMNS} FROM webhooks WHERE id = $id FOR NO KEY UPDATE`,
      {
        id,
      },
    );
    return row ?? null;
  }

  /** Endpoints of the account, newest first. */
  async list(
    userId: string,
    { limit, olderThan }: { limit: number; olderThan?: { createdAt: Date; id: string } },
  ): Promise<WebhookRow[]> {
    return this.rows<WebhookRow>(
      `SELECT ${COLUMNS} FROM webhooks
        WHERE user_id = $userId AND batch_id IS NULL
          AND ($before::timestamptz IS NULL OR (created_at, id) < ($before::timestamptz, $beforeId::uuid))
        ORDER BY created_at DESC, id DESC LIMIT $limit`,
      { userId, limit, before: olderThan?.createdAt ?? null, beforeId: olderThan?.id ?? null },
    );
  }

  async count(userId: string): Promise<number> {
    const [{ count }] = await this.rows<{ count: number }>(
      'SELECT count(*)::int AS count FROM webhooks WHERE user_id = $userId AND batch_id IS NULL',
      { userId },
    );
    return count;
  }

  async listEnabled(userId: string, batchId: string): Promise<WebhookRow[]> {
    return this.rows<WebhookRow>(
      `SELECT ${COLUMNS} FROM webhooks
        WHERE user_id = $userId AND disabled_at IS NULL AND (batch_id IS NULL OR batch_id = $batchId)
        ORDER BY created_at, id`,
      { userId, batchId },
    );
  }

  async update(id: string, columns: WebhookColumns): Promise<WebhookRow | null> {
    const [row] = await this.rows<WebhookRow>(
      `UPDATE webhooks
          SET url = $url, description = $description, events = $events::text[], tasks = $tasks::text[],
              dataset_ids = $datasetIds::uuid[], disabled_reason = $disabledReason::text,
              disabled_at = CASE WHEN $disabledReason::text IS NULL THEN NULL ELSE coalesce(disabled_at, now()) END,
              updated_at = now()
        WHERE id = $id RETURNING ${COLUMNS}`,
      {
        ...columns,
        id,
        events: [...columns.events],
        tasks: [...columns.tasks],
        datasetIds: [...columns.datasetIds],
      },
    );
    return row ?? null;
  }

  async setSecrets(id: string, secret: string, oldSecrets: readonly OldWebhookSecret[]): Promise<void> {
    await this.rows(
      'UPDATE webhooks SET secret = $secret, old_secrets = $old, updated_at = now() WHERE id = $id RETURNING id',
      { id, secret, old: JSON.stringify(oldSecrets) },
    );
  }

  async setHealth(id: string, health: WebhookHealth): Promise<void> {
    await this.rows(
      `UPDATE webhooks SET failures = $failures, failing_since = $failingSince, paused_until = $pausedUntil,
              delivered_at = $deliveredAt
        WHERE id = $id RETURNING id`,
      { id, ...health },
    );
  }

  async remove(id: string): Promise<void> {
    await this.rows('DELETE FROM webhooks WHERE id = $id RETURNING id', { id });
  }

  async removeAll(userId: string): Promise<void> {
    await this.rows('DELETE FROM webhooks WHERE user_id = $userId RETURNING id', { userId });
  }

  async removeFinished(date: Date): Promise<number> {
    const rows = await this.rows(
      `DELETE FROM webhooks w
        WHERE w.batch_id IS NOT NULL AND w.created_at < $date
          AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.status = 'pending')
          AND NOT EXISTS (SELECT 1 FROM inference_jobs j WHERE j.batch_id = w.batch_id AND j.status IN ('PENDING', 'RUNNING'))
        RETURNING w.id`,
      { date },
    );
    return rows.length;
  }
}
