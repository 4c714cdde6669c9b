import type { TrashEntry, TrashKind } from '../domain/trash.js';
import { Dao } from './dao.js';

/** Table and key of each kind. */
const TABLES: Readonly<Record<TrashKind, { table: string; id: string; live: string }>> = {
  dataset: { table: 'datasets', id: 'id', live: 'purged_at IS NULL' },
  media: { table: 'media', id: 'id', live: 'TRUE' },
  job: { table: 'inference_jobs', id: 'id', live: 'purged_at IS NULL' },
  result: { table: 'results', id: 'job_id', live: 'TRUE' },
};

/** When a row is removed for good. LEAST ignores NULL. */
const PURGE_AT = `LEAST(t.purge_at, t.deleted_at + make_interval(days => $trashDays))`;
const OWN = 't.user_id = $userId AND t.deleted_at IS NOT NULL';
/** Rows of all kinds in a user's trash. Media of a deleted dataset belong to its entry. */
const ENTRIES = `
  SELECT 'dataset' AS kind, t.id, t.name, NULL::uuid AS dataset_id, t.deleted_at, ${PURGE_AT} AS purge_at,
         COALESCE((SELECT sum(m.bytes) FROM media m WHERE m.dataset_id = t.id), 0)::text AS bytes
    FROM datasets t WHERE ${OWN} AND t.purged_at IS NULL
  UNION ALL
  SELECT 'media', t.id, t.name, t.dataset_id, t.deleted_at, ${PURGE_AT}, t.bytes::text
    FROM media t JOIN datasets d ON d.id = t.dataset_id AND d.deleted_at IS NULL WHERE ${OWN}
  UNION ALL
  SELECT 'job', t.id, t.task, t.dataset_id, t.deleted_at, ${PURGE_AT},
         COALESCE((SELECT r.zip_bytes FROM results r WHERE r.job_id = t.id), 0)::text
    FROM inference_jobs t WHERE ${OWN} AND t.purged_at IS NULL
  UNION ALL
  SELECT 'result', t.job_id, j.task, j.dataset_id, t.deleted_at, ${PURGE_AT}, t.zip_bytes::text
    FROM results t JOIN inference_jobs j ON j.id = t.job_id AND j.deleted_at IS NULL
   WHERE j.user_id = $userId AND t.deleted_at IS NOT NULL`;

type Row = Omit<TrashEntry, 'bytes'> & { readonly bytes: string };

const COLUMNS = `kind, id, name, dataset_id AS "datasetId", bytes, deleted_at AS "deletedAt", purge_at AS "purgeAt"`;

const toEntry = ({ bytes, ...row }: Row): TrashEntry => ({ ...row, bytes: Number(bytes) });

/** Filter of {@link TrashDao.list}. */
export interface TrashRowFilter {
  readonly userId: string;
  readonly kind?: TrashKind;
  readonly id?: string;
  readonly trashDays: number;
  readonly olderThan?: { readonly createdAt: Date; readonly id: string };
}

/** The columns `deleted_at` and `purge_at` of all tables that have them. */
export class TrashDao extends Dao {
  /** Rows that are not due, most recently deleted first. */
  async list(filter: TrashRowFilter, limit: number): Promise<TrashEntry[]> {
    const { userId, kind = null, id = null, trashDays, olderThan } = filter;
    const rows = await this.rows<Row>(
      `SELECT ${COLUMNS} FROM (${ENTRIES}) e
        WHERE e.purge_at > clock_timestamp() AND ($kind::text IS NULL OR e.kind = $kind)
          AND ($id::uuid IS NULL OR e.id = $id)
          AND ($before::timestamptz IS NULL OR (e.deleted_at, e.id) < ($before, $beforeId::uuid))
        ORDER BY e.deleted_at DESC, e.id DESC LIMIT $limit`,
      {
        userId,
        kind,
        id,
        trashDays,
        limit,
        before: olderThan?.createdAt ?? null,
        beforeId: olderThan?.id ?? null,
      },
    );
    return rows.map(toEntry);
  }

  /** Locks the dataset of a file, so that sums of its bytes change one after the other. */
  async lockDatasetOfMedia(id: string, userId: string): Promise<void> {
    await this.rows(
      `SELECT d.id FROM datasets d JOIN media m ON m.dataset_id = d.id
        WHERE m.id = $id AND m.user_id = $userId FOR UPDATE OF d`,
      { id, userId },
    );
  }

  /** Marks a file, and the masks of its items if it is a source. False when there is none, or its dataset is deleted. */
  async removeMedia(id: string, userId: string): Promise<boolean> {
    const rows = await this.rows<{ id: string }>(
      `UPDATE media SET deleted_at = now(), purge_at = NULL
        WHERE deleted_at IS NULL AND user_id = $userId
          AND (id = $id OR id IN (SELECT mask_media_id FROM dataset_items WHERE source_media_id = $id))
          AND dataset_id IN (SELECT id FROM datasets WHERE deleted_at IS NULL)
        RETURNING id`,
      { id, userId },
    );
    return rows.some((row) => row.id === id);
  }

  async removeJob(id: string, userId: string): Promise<boolean> {
    const rows = await this.rows(
      `UPDATE inference_jobs SET deleted_at = now(), purge_at = NULL
        WHERE id = $id AND user_id = $userId AND deleted_at IS NULL
          AND status IN ('COMPLETED', 'FAILED', 'ABORTED') RETURNING id`,
      { id, userId },
    );
    return rows.length > 0;
  }

  async removeResult(id: string, userId: string): Promise<boolean> {
    const rows = await this.rows(
      `WITH job AS (
         UPDATE inference_jobs SET result_gone_at = now()
          WHERE id = $id AND user_id = $userId AND deleted_at IS NULL RETURNING id)
       UPDATE results SET deleted_at = now() FROM job
        WHERE results.job_id = job.id AND results.deleted_at IS NULL RETURNING job_id`,
      { id, userId },
    );
    return rows.length > 0;
  }

  /** Ends the deletion of one row; of a source also that of the masks that were deleted with it. */
  async restore(kind: TrashKind, id: string): Promise<void> {
    if (kind === 'media') {
      await this.rows(
        `UPDATE media SET deleted_at = NULL, purge_at = NULL
          WHERE id = $id OR (id IN (SELECT mask_media_id FROM dataset_items WHERE source_media_id = $id)
                AND deleted_at = (SELECT deleted_at FROM media WHERE id = $id)) RETURNING id`,
        { id },
      );
      return;
    }
    const { table, id: key } = TABLES[kind];
    // A result keeps the end that its job asked for.
    const purge = kind === 'result' ? '' : ', purge_at = NULL';
    await this.rows(`UPDATE ${table} SET deleted_at = NULL${purge} WHERE ${key} = $id RETURNING ${key}`, {
      id,
    });
    if (kind === 'result') {
      await this.rows('UPDATE inference_jobs SET result_gone_at = NULL WHERE id = $id RETURNING id', { id });
    }
  }

  async purgeSoon(kind: TrashKind, id: string): Promise<void> {
    const { table, id: key, live } = TABLES[kind];
    await this.rows(
      `UPDATE ${table} SET purge_at = now() WHERE ${key} = $id AND deleted_at IS NOT NULL AND ${live}
       RETURNING ${key}`,
      { id },
    );
  }

  async purgeAllSoon(userId: string): Promise<number> {
    const [{ count }] = await this.rows<{ count: number }>(
      `WITH d AS (UPDATE datasets SET purge_at = now()
                   WHERE user_id = $userId AND deleted_at IS NOT NULL AND purged_at IS NULL RETURNING 1),
            m AS (UPDATE media SET purge_at = now() WHERE user_id = $userId AND deleted_at IS NOT NULL RETURNING 1),
            j AS (UPDATE inference_jobs SET purge_at = now()
                   WHERE user_id = $userId AND deleted_at IS NOT NULL AND purged_at IS NULL RETURNING 1),
            r AS (UPDATE results SET purge_at = now() FROM inference_jobs job
                   WHERE job.id = results.job_id AND job.user_id = $userId AND results.deleted_at IS NOT NULL
                  RETURNING 1)
       SELECT ((SELECT count(*) FROM d) + (SELECT count(*) FROM m) + (SELECT count(*) FROM j)
             + (SELECT count(*) FROM r))::int AS count`,
      { userId },
    );
    return count;
  }
}
