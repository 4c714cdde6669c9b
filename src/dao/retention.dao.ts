import { Dao } from './dao.js';

/** A step over rows that are due. */
export interface RetentionRows {
  readonly days: number;
  readonly limit: number;
}

/** Rows that are removed for good: each side has an index. */
const DUE = '(t.purge_at <= now() OR t.deleted_at <= now() - make_interval(days => $days))';
/** No job that has not ended may need a file of the dataset. */
const NO_LIVE_JOB = (dataset: string): string => `NOT EXISTS (
  SELECT 1 FROM inference_jobs j WHERE j.dataset_id = ${dataset} AND j.status IN ('PENDING', 'RUNNING'))`;
/** A job without its content: what the ledger refers to. */
const EMPTIED = `purged_at = now(), deleted_at = COALESCE(deleted_at, now()), events_removed_at = now(),
  result_gone_at = now(), params = '{}', plan = '{}', inputs = NULL, progress = NULL, failure_message = NULL`;

/** Users whose account is deleted and whose jobs have ended. */
const DELETED_USERS = `users u WHERE u.deleted_at IS NOT NULL AND u.purged_at IS NULL AND NOT EXISTS (
  SELECT 1 FROM inference_jobs j WHERE j.user_id = u.id AND j.status IN ('PENDING', 'RUNNING'))`;
/** Of an import. */
const NO_OPEN_FILE =
  'NOT EXISTS (SELECT 1 FROM import_files f WHERE f.import_id = imports.id AND f.finished_at IS NULL)';

/** Removes rows for good, in limited steps. */
export class RetentionDao extends Dao {
  /** Files in the trash, with the items whose source they are; items lose a removed mask. */
  async purgeMedia(step: RetentionRows): Promise<number> {
    const ids = await this.#due(
      `SELECT t.id FROM media t WHERE t.deleted_at IS NOT NULL AND ${DUE} AND ${NO_LIVE_JOB('t.dataset_id')}`,
      step,
    );
    return this.#removeMedia(ids);
  }

  /** Files of datasets in the trash; the dataset of the last one is empty then. */
  async purgeDatasets(step: RetentionRows): Promise<number> {
    const due = `t.deleted_at IS NOT NULL AND t.purged_at IS NULL AND ${DUE} AND ${NO_LIVE_JOB('t.id')}`;
    const ids = await this.#due(
      `SELECT m.id FROM media m JOIN datasets t ON t.id = m.dataset_id WHERE ${due}`,
      step,
    );
    const removed = await this.#removeMedia(ids);
    if (removed === step.limit) return removed;
    const empty = await this.rows(
      `UPDATE datasets SET purged_at = now() WHERE id IN (
         SELECT t.id FROM datasets t WHERE ${due} AND NOT EXISTS (SELECT 1 FROM media m WHERE m.dataset_id = t.id)
          LIMIT $limit) RETURNING id`,
      { ...step },
    );
    return Math.max(removed, empty.length);
  }

  async purgeJobs(step: RetentionRows): Promise<number> {
    const ids = await this.#due(
      `SELECT t.id FROM inference_jobs t WHERE t.deleted_at IS NOT NULL AND t.purged_at IS NULL AND ${DUE}`,
      step,
    );
    return this.#emptyJobs(ids);
  }

  /** Results in the trash, those whose job asked for an end, and with `keptDays` all older ones. */
  async purgeResults({ keptDays, ...step }: RetentionRows & { readonly keptDays: number }): Promise<number> {
    const rows = await this.rows(
      `WITH gone AS (
         DELETE FROM results WHERE job_id IN (
           SELECT t.job_id FROM results t
            WHERE ${DUE} OR ($keptDays > 0 AND t.created_at < now() - make_interval(days => $keptDays))
            LIMIT $limit)
         RETURNING job_id)
       UPDATE inference_jobs SET result_gone_at = now() FROM gone WHERE id = gone.job_id RETURNING id`,
      { ...step, keptDays },
    );
    return rows.length;
  }

  async purgeEvents({ days, limit }: RetentionRows): Promise<number> {
    const rows = await this.rows<{ id: string }>(
      `UPDATE inference_jobs SET events_removed_at = now() WHERE id IN (
         SELECT id FROM inference_jobs
          WHERE events_removed_at IS NULL AND finished_at < now() - make_interval(days => $days) LIMIT $limit)
       RETURNING id`,
      { days, limit },
    );
    await this.#removeEvents(rows.map(({ id }) => id));
    return rows.length;
  }

  async purgeAudit({ days, limit }: RetentionRows): Promise<number> {
    this.requireTransaction();
    // Only for this transaction: nothing else removes rows of the audit log.
    await this.rows(`SELECT set_config('infernode.retention', 'audit_log', true)`, {});
    const rows = await this.rows(
      `DELETE FROM audit_log WHERE id IN (
         SELECT id FROM audit_log WHERE created_at < now() - make_interval(days => $days) LIMIT $limit) RETURNING id`,
      { days, limit },
    );
    await this.rows(`SELECT set_config('infernode.retention', '', true)`, {});
    return rows.length;
  }

  /** One step for users that are deleted: their files, jobs, uploads and imports, then names, tags and descriptions. */
  async purgeUsers(limit: number): Promise<number> {
    for (const remove of [
      () => this.#removeMediaOfDeleted(limit),
      () => this.#emptyJobsOfDeleted(limit),
      () => this.#removeOfDeleted('uploads', 'finished_at IS NOT NULL AND NOT has_bytes', limit),
      () => this.#removeOfDeleted('imports', NO_OPEN_FILE, limit),
    ])
      if ((await remove()) === limit) return limit;
    const ids = await this.#ids(
      `UPDATE users SET purged_at = now() WHERE id IN (
         SELECT u.id FROM ${DELETED_USERS}
            AND NOT EXISTS (SELECT 1 FROM media WHERE media.user_id = u.id)
            AND NOT EXISTS (SELECT 1 FROM uploads WHERE uploads.user_id = u.id)
            AND NOT EXISTS (SELECT 1 FROM imports WHERE imports.user_id = u.id) LIMIT $limit) RETURNING id`,
      { limit },
    );
    await this.#anonymise(ids);
    return ids.length;
  }

  /** Keys that no row names any more. */
  async removedFiles(limit: number): Promise<string[]> {
    const rows = await this.rows<{ key: string }>(
      `SELECT storage_key AS key FROM removed_files f
        WHERE NOT EXISTS (SELECT 1 FROM media m WHERE m.storage_key = f.storage_key)
          AND NOT EXISTS (SELECT 1 FROM media_preview_files p WHERE p.storage_key = f.storage_key)
        ORDER BY removed_at LIMIT $limit`,
      { limit },
    );
    return rows.map(({ key }) => key);
  }

  async postponeFiles(keys: readonly string[]): Promise<void> {
    await this.rows(
      'UPDATE removed_files SET removed_at = now() WHERE storage_key = ANY($keys::text[]) RETURNING storage_key',
      { keys: [...keys] },
    );
  }

  async forgetFiles(keys: readonly string[]): Promise<void> {
    await this.rows(
      'DELETE FROM removed_files WHERE storage_key = ANY($keys::text[]) RETURNING storage_key',
      {
        keys: [...keys],
      },
    );
  }

  async announceFiles(keys: readonly string[]): Promise<void> {
    await this.rows(
      'INSERT INTO arriving_files (storage_key) SELECT unnest($keys::text[]) RETURNING storage_key',
      { keys: [...keys] },
    );
  }

  /** @returns how many of the files were announced and not given up since */
  async claimFiles(keys: readonly string[]): Promise<number> {
    const rows = await this.rows(
      'DELETE FROM arriving_files WHERE storage_key = ANY($keys::text[]) RETURNING storage_key',
      { keys: [...keys] },
    );
    return rows.length;
  }

  /** One statement: a transaction that claims one of the files at the same time waits, and finds it no longer. */
  async giveUpFiles({ hours, limit }: { readonly hours: number; readonly limit: number }): Promise<number> {
    const rows = await this.rows(
      `WITH gone AS (
         DELETE FROM arriving_files WHERE storage_key IN (
           SELECT storage_key FROM arriving_files WHERE announced_at < now() - make_interval(hours => $hours)
            ORDER BY announced_at LIMIT $limit FOR UPDATE SKIP LOCKED)
         RETURNING storage_key)
       INSERT INTO removed_files (storage_key) SELECT storage_key FROM gone ON CONFLICT DO NOTHING RETURNING storage_key`,
      { hours, limit },
    );
    return rows.length;
  }

  async #removeMediaOfDeleted(limit: number): Promise<number> {
    const ids = await this.#ids(
      `SELECT id FROM media WHERE user_id IN (SELECT u.id FROM ${DELETED_USERS}) LIMIT $limit`,
      { limit },
    );
    return this.#removeMedia(ids);
  }

  async #emptyJobsOfDeleted(limit: number): Promise<number> {
    const ids = await this.#ids(
      `SELECT id FROM inference_jobs WHERE purged_at IS NULL AND user_id IN (SELECT u.id FROM ${DELETED_USERS}) LIMIT $limit`,
      { limit },
    );
    return this.#emptyJobs(ids);
  }

  async #removeOfDeleted(table: 'uploads' | 'imports', condition: string, limit: number): Promise<number> {
    const ids = await this.#ids(
      `DELETE FROM ${table} WHERE id IN (
         SELECT id FROM ${table} WHERE ${condition} AND user_id IN (SELECT u.id FROM ${DELETED_USERS}) LIMIT $limit)
       RETURNING id`,
      { limit },
    );
    return ids.length;
  }

  /** Names of datasets, tags, stored responses, and the names of files in the ledger, whose amounts stay. */
  async #anonymise(users: readonly string[]): Promise<void> {
    if (users.length === 0) return;
    this.requireTransaction();
    const bind = { users: [...users] };
    await this.rows(
      `UPDATE datasets SET name = 'deleted-' || id, tags = '{}', purged_at = now(), deleted_at = COALESCE(deleted_at, now())
        WHERE user_id = ANY($users::uuid[]) RETURNING id`,
      bind,
    );
    await this.rows(
      'DELETE FROM idempotency_keys WHERE user_id = ANY($users::uuid[]) RETURNING user_id',
      bind,
    );
    await this.rows(`SELECT set_config('infernode.retention', 'credit_transactions', true)`, {});
    await this.rows(
      `UPDATE credit_transactions SET description = kind WHERE user_id = ANY($users::uuid[])
          AND (upload_id IS NOT NULL OR kind = 'upload') RETURNING id`,
      bind,
    );
    await this.rows(`SELECT set_config('infernode.retention', '', true)`, {});
  }

  async #due(select: string, { days, limit }: RetentionRows): Promise<string[]> {
    return this.#ids(`${select} LIMIT $limit`, { days, limit });
  }

  async #ids(select: string, bind: Record<string, unknown>): Promise<string[]> {
    return (await this.rows<{ id: string }>(select, bind)).map(({ id }) => id);
  }

  async #removeMedia(ids: readonly string[]): Promise<number> {
    if (ids.length === 0) return 0;
    const bind = { ids: [...ids] };
    // The foreign key would remove the item of a mask.
    await this.rows(
      'UPDATE dataset_items SET mask_media_id = NULL WHERE mask_media_id = ANY($ids::uuid[]) RETURNING id',
      bind,
    );
    await this.rows('DELETE FROM media WHERE id = ANY($ids::uuid[]) RETURNING id', bind);
    return ids.length;
  }

  async #emptyJobs(ids: readonly string[]): Promise<number> {
    if (ids.length === 0) return 0;
    const bind = { ids: [...ids] };
    await this.rows('DELETE FROM results WHERE job_id = ANY($ids::uuid[]) RETURNING job_id', bind);
    await this.#removeEvents(ids);
    await this.rows(`UPDATE inference_jobs SET ${EMPTIED} WHERE id = ANY($ids::uuid[]) RETURNING id`, bind);
    return ids.length;
  }

  async #removeEvents(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.rows('DELETE FROM job_events WHERE job_id = ANY($ids::uuid[]) RETURNING seq', {
      ids: [...ids],
    });
  }
}
