import type { Import, ImportFile } from '../domain/import.js';
import type { ImportClaim, ImportLease, NewImportFile } from '../domain/repositories/import.repository.js';
import { Dao } from './dao.js';

/** Row of `imports`. */
export type ImportRow = Import;
/** Row of `import_files`; BIGINT as text. */
export type ImportFileRow = Omit<ImportFile, 'held' | 'bytes' | 'totalBytes'> & {
  readonly held: string;
  readonly bytes: string;
  readonly totalBytes: string | null;
};

const IMPORT = 'id, user_id AS "userId", dataset_id AS "datasetId", kind, options, created_at AS "createdAt"';
const FILE = `id, import_id AS "importId", user_id AS "userId", position, name, url, mask_url AS "maskUrl",
  held_micro::text AS held, state, attempt, fence, bytes::text AS bytes, total_bytes::text AS "totalBytes", problem, result,
  finished_at AS "finishedAt"`;

/** Tables `imports` and `import_files`. */
export class ImportDao extends Dao {
  async insert(batch: Omit<Import, 'createdAt'>): Promise<ImportRow> {
    const [row] = await this.rows<ImportRow>(
      `INSERT INTO imports (id, user_id, dataset_id, kind, options)
       VALUES ($id, $userId, $datasetId, $kind, $options) RETURNING ${IMPORT}`,
      { ...batch, options: JSON.stringify(batch.options) },
    );
    return row;
  }

  async insertFile(
    file: NewImportFile & { readonly importId: string; readonly userId: string },
  ): Promise<ImportFileRow> {
    const [row] = await this.rows<ImportFileRow>(
      `INSERT INTO import_files (id, import_id, user_id, position, name, url, mask_url, held_micro)
       VALUES ($id, $importId, $userId, $position, $name, $url, $maskUrl, $held) RETURNING ${FILE}`,
      { ...file, held: String(file.held) },
    );
    return row;
  }

  async find(id: string): Promise<ImportRow | null> {
    const [row] = await this.rows<ImportRow>(`SELECT ${IMPORT} FROM imports WHERE id = $id`, { id });
    return row ?? null;
  }

  async files(importIds: readonly string[]): Promise<ImportFileRow[]> {
    return this.rows<ImportFileRow>(
      `SELECT ${FILE} FROM import_files WHERE import_id = ANY($importIds::uuid[]) ORDER BY import_id, position`,
      { importIds: [...importIds] },
    );
  }

  async list(
    {
      userId,
      datasetId,
      olderThan,
    }: {
      readonly userId: string;
      readonly datasetId: string;
      readonly olderThan?: { readonly createdAt: Date; readonly id: string };
    },
    limit: number,
  ): Promise<ImportRow[]> {
    return this.rows<ImportRow>(
      `SELECT ${IMPORT} FROM imports
        WHERE user_id = $userId AND dataset_id = $datasetId
          AND ($before::timestamptz IS NULL OR (created_at, id) < ($before::timestamptz, $beforeId::uuid))
        ORDER BY created_at DESC, id DESC LIMIT $limit`,
      { userId, datasetId, before: olderThan?.createdAt ?? null, beforeId: olderThan?.id ?? null, limit },
    );
  }

  async countUnfinished(userId: string): Promise<number> {
    const [{ count }] = await this.rows<{ count: number }>(
      'SELECT count(*)::int AS count FROM import_files WHERE user_id = $userId AND finished_at IS NULL',
      { userId },
    );
    return count;
  }

  async lockUnfinished(importId: string): Promise<ImportFileRow[]> {
    this.requireTransaction();
    return this.rows<ImportFileRow>(
      `SELECT ${FILE} FROM import_files WHERE import_id = $importId AND finished_at IS NULL
        ORDER BY position FOR NO KEY UPDATE`,
      { importId },
    );
  }

  async lockUnfinishedOf(userId: string): Promise<ImportFileRow[]> {
    this.requireTransaction();
    return this.rows<ImportFileRow>(
      `SELECT ${FILE} FROM import_files WHERE user_id = $userId AND finished_at IS NULL ORDER BY id FOR NO KEY UPDATE`,
      { userId },
    );
  }

  /** Users with fewer running files come first, so that a long list of one user does not delay those of others. */
  async claim({ leaseMs, perUser }: ImportClaim): Promise<ImportFileRow | null> {
    const [row] = await this.rows<ImportFileRow>(
      `UPDATE import_files SET state = 'running', attempt = attempt + 1, fence = fence + 1,
              lease_until = clock_timestamp() + $leaseMs::bigint * interval '1 millisecond'
        WHERE id = (
          SELECT file.id FROM import_files file
           CROSS JOIN LATERAL (
             SELECT count(*) AS running FROM import_files other
              WHERE other.user_id = file.user_id AND other.finished_at IS NULL
                AND other.state = 'running' AND other.lease_until >= clock_timestamp()) busy
           WHERE file.finished_at IS NULL AND busy.running < $perUser
             AND CASE file.state WHEN 'waiting' THEN file.due_at <= clock_timestamp()
                                 ELSE file.lease_until < clock_timestamp() END
           ORDER BY busy.running, file.due_at, file.id
           LIMIT 1 FOR UPDATE OF file SKIP LOCKED)
       RETURNING ${FILE}`,
      { leaseMs, perUser },
    );
    return row ?? null;
  }

  async renew(
    { id, fence }: ImportLease,
    leaseMs: number,
    { bytes, totalBytes }: Pick<ImportFile, 'bytes' | 'totalBytes'>,
  ): Promise<boolean> {
    const rows = await this.rows(
      `UPDATE import_files SET bytes = $bytes, total_bytes = $totalBytes,
              lease_until = clock_timestamp() + $leaseMs::bigint * interval '1 millisecond'
        WHERE id = $id AND fence = $fence AND state = 'running' RETURNING id`,
      { id, fence, leaseMs, bytes, totalBytes },
    );
    return rows.length > 0;
  }

  async lockClaimed({ id, fence }: ImportLease): Promise<ImportFileRow | null> {
    this.requireTransaction();
    const [row] = await this.rows<ImportFileRow>(
      `SELECT ${FILE} FROM import_files WHERE id = $id AND fence = $fence AND state = 'running' FOR NO KEY UPDATE`,
      { id, fence },
    );
    return row ?? null;
  }

  async requeue({ id, fence }: ImportLease, delayMs: number, uncounted: number): Promise<void> {
    await this.rows(
      `UPDATE import_files SET state = 'waiting', lease_until = NULL, attempt = attempt - $uncounted,
              due_at = clock_timestamp() + $delayMs::bigint * interval '1 millisecond'
        WHERE id = $id AND fence = $fence AND state = 'running' RETURNING id`,
      { id, fence, delayMs, uncounted },
    );
  }

  async finish(
    id: string,
    { state, problem = null, result = null, bytes = null }: FinishedFile,
  ): Promise<boolean> {
    const rows = await this.rows(
      `UPDATE import_files SET state = $state, lease_until = NULL, problem = $problem, result = $result,
              bytes = coalesce($bytes::bigint, bytes), finished_at = clock_timestamp()
        WHERE id = $id AND finished_at IS NULL RETURNING id`,
      { id, state, problem, result, bytes },
    );
    return rows.length > 0;
  }

  async unfinishedOf(ids: readonly string[]): Promise<string[]> {
    const rows = await this.rows<{ id: string }>(
      'SELECT id FROM import_files WHERE id = ANY($ids::uuid[]) AND finished_at IS NULL',
      { ids: [...ids] },
    );
    return rows.map(({ id }) => id);
  }
}

/** How a file ended; JSON as text. */
interface FinishedFile {
  readonly state: 'completed' | 'failed' | 'cancelled';
  readonly problem?: string | null;
  readonly result?: string | null;
  readonly bytes?: number | null;
}
