import {
  lockNameOf,
  type IncomingUpload,
  type UploadEnd,
  type UploadProblem,
  type UploadProtocol,
  type UploadState,
} from '../domain/incoming-upload.js';
import type { NewUpload } from '../domain/repositories/upload.repository.js';
import { Dao } from './dao.js';

/** Row of `uploads`; BIGINT as text. */
export type UploadRow = Omit<IncomingUpload, 'bytes' | 'partBytes' | 'held'> & {
  readonly bytes: string | null;
  readonly partBytes: string | null;
  readonly held: string;
};

/** Rows to list. */
export interface UploadRowFilter {
  readonly userId: string;
  readonly states?: readonly UploadState[];
  readonly protocol?: UploadProtocol;
  readonly olderThan?: { readonly createdAt: Date; readonly id: string };
}

const COLUMNS = `id, user_id AS "userId", dataset_id AS "datasetId", protocol, kind, role, source_id AS "sourceId", name,
  extension, is_archive AS "isArchive", options, bytes::text AS bytes, part_bytes::text AS "partBytes",
  part_count AS "partCount", store_id AS "storeId", parts, quote, held_micro::text AS held, state, problem, result,
  has_bytes AS "hasBytes", created_at AS "createdAt", expires_at AS "expiresAt", finished_at AS "finishedAt"`;

const UNFINISHED = `state IN ('open', 'received')`;

/** Table `uploads`. */
export class UploadDao extends Dao {
  async insert({ lifetimeMs, ...upload }: NewUpload): Promise<UploadRow> {
    const [row] = await this.rows<UploadRow>(
      `INSERT INTO uploads (id, user_id, dataset_id, protocol, kind, role, source_id, name, extension, is_archive, options,
              bytes, part_bytes, part_count, store_id, quote, held_micro, expires_at)
       VALUES ($id, $userId, $datasetId, $protocol, $kind, $role, $sourceId, $name, $extension, $isArchive, $options,
              $bytes, $partBytes, $partCount, $storeId, $quote, $held, clock_timestamp() + $lifetimeMs::bigint * interval '1 millisecond')
       RETURNING ${COLUMNS}`,
      {
        ...upload,
        lifetimeMs,
        held: String(upload.held),
        options: JSON.stringify(upload.options),
        quote: JSON.stringify(upload.quote),
      },
    );
    return row;
  }

  async find(id: string): Promise<UploadRow | null> {
    const [row] = await this.rows<UploadRow>(`SELECT ${COLUMNS} FROM uploads WHERE id = $id`, { id });
    return row ?? null;
  }

  async lock(id: string): Promise<UploadRow | null> {
    this.requireTransaction();
    const [row] = await this.rows<UploadRow>(
      `SELECT ${COLUMNS} FROM uploads WHERE id = $id FOR NO KEY UPDATE`,
      { id },
    );
    return row ?? null;
  }

  async group(key: string): Promise<UploadRow[]> {
    return this.rows<UploadRow>(
      `SELECT ${COLUMNS} FROM uploads WHERE id = $key OR source_id = $key ORDER BY created_at, id`,
      { key },
    );
  }

  async list({ userId, states, protocol, olderThan }: UploadRowFilter, limit: number): Promise<UploadRow[]> {
    return this.rows<UploadRow>(
      `SELECT ${COLUMNS} FROM uploads
        WHERE user_id = $userId AND ($states::text[] IS NULL OR state = ANY($states::text[]))
          AND ($protocol::text IS NULL OR protocol = $protocol::text)
          AND ($before::timestamptz IS NULL OR (created_at, id) < ($before::timestamptz, $beforeId::uuid))
        ORDER BY created_at DESC, id DESC LIMIT $limit`,
      {
        userId,
        states: states ? [...states] : null,
        protocol: protocol ?? null,
        before: olderThan?.createdAt ?? null,
        beforeId: olderThan?.id ?? null,
        limit,
      },
    );
  }

  async countUnfinished(userId: string): Promise<number> {
    const [{ count }] = await this.rows<{ count: number }>(
      `SELECT count(*)::int AS count FROM uploads WHERE user_id = $userId AND ${UNFINISHED}`,
      { userId },
    );
    return count;
  }

  async keepParts(id: string, parts: string): Promise<void> {
    await this.rows(`UPDATE uploads SET parts = $parts WHERE id = $id AND state = 'open' RETURNING id`, {
      id,
      parts,
    });
  }

  async markReceived(id: string, parts: string | null): Promise<void> {
    await this.rows(
      `UPDATE uploads SET state = 'received', parts = $parts WHERE id = $id AND ${UNFINISHED} RETURNING id`,
      { id, parts },
    );
  }

  async complete(id: string, result: string, hasBytes: boolean): Promise<boolean> {
    const rows = await this.rows(
      `UPDATE uploads SET state = 'completed', result = $result, has_bytes = $hasBytes, finished_at = clock_timestamp()
        WHERE id = $id AND ${UNFINISHED} RETURNING id`,
      { id, result, hasBytes },
    );
    return rows.length > 0;
  }

  async end(id: string, state: UploadEnd, problem: UploadProblem | null): Promise<void> {
    await this.rows(
      `UPDATE uploads SET state = $state, problem = $problem, finished_at = clock_timestamp()
        WHERE id = $id AND ${UNFINISHED} RETURNING id`,
      { id, state, problem: problem && JSON.stringify(problem) },
    );
  }

  async forgetBytes(id: string): Promise<void> {
    await this.rows('UPDATE uploads SET has_bytes = FALSE WHERE id = $id RETURNING id', { id });
  }

  async listAbandoned(limit: number): Promise<UploadRow[]> {
    return this.rows<UploadRow>(
      `SELECT ${COLUMNS} FROM uploads
        WHERE ${UNFINISHED}
          AND (expires_at < clock_timestamp()
               OR EXISTS (SELECT FROM users WHERE users.id = uploads.user_id AND deleted_at IS NOT NULL))
        ORDER BY expires_at LIMIT $limit`,
      { limit },
    );
  }

  async listLeftovers(limit: number): Promise<UploadRow[]> {
    return this.rows<UploadRow>(
      `SELECT ${COLUMNS} FROM uploads WHERE has_bytes AND finished_at IS NOT NULL ORDER BY finished_at LIMIT $limit`,
      { limit },
    );
  }

  async known(ids: readonly string[]): Promise<string[]> {
    const rows = await this.rows<{ id: string }>('SELECT id FROM uploads WHERE id = ANY($ids::uuid[])', {
      ids: [...ids],
    });
    return rows.map(({ id }) => id);
  }

  async withBytes(ids: readonly string[]): Promise<string[]> {
    const rows = await this.rows<{ id: string }>(
      'SELECT id FROM uploads WHERE id = ANY($ids::uuid[]) AND has_bytes',
      { ids: [...ids] },
    );
    return rows.map(({ id }) => id);
  }

  async removeEnded(before: Date): Promise<number> {
    const rows = await this.rows(
      `DELETE FROM uploads WHERE state IN ('refused', 'aborted', 'expired') AND finished_at < $before AND NOT has_bytes
       RETURNING id`,
      { before },
    );
    return rows.length;
  }

  async tryLockGroup(key: string): Promise<boolean> {
    this.requireTransaction();
    const [{ locked }] = await this.rows<{ locked: boolean }>(
      'SELECT pg_try_advisory_xact_lock(hashtextextended($name::text, 0)) AS locked',
      { name: lockNameOf(key) },
    );
    return locked;
  }
}
