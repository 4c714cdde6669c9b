import type { ResultMedia, StoredResultMedia } from '../domain/result.js';
import { Dao } from './dao.js';

const COLUMNS = `job_id AS "jobId", position, name, kind, type, bytes::float8 AS bytes, zip_offset::float8 AS "offset",
  sha256, created_at AS "createdAt"`;

/** Table `result_media`. */
export class ResultMediaDao extends Dao {
  /** Positions are those of the list. */
  async insertAll(jobId: string, media: readonly ResultMedia[]): Promise<void> {
    this.requireTransaction();
    const rows = media.map((file, position) => ({ ...file, position, zip_offset: file.offset }));
    await this.rows(
      `INSERT INTO result_media (job_id, position, name, kind, type, bytes, zip_offset, sha256)
       SELECT $jobId, position, name, kind, type, bytes, zip_offset, sha256
         FROM json_to_recordset($rows::json)
           AS t(position int, name text, kind text, type text, bytes bigint, zip_offset bigint, sha256 text)
       RETURNING position`,
      { jobId, rows: JSON.stringify(rows) },
    );
  }

  async after(jobId: string, position: number | null, limit: number): Promise<StoredResultMedia[]> {
    return this.rows<StoredResultMedia>(
      `SELECT ${COLUMNS} FROM result_media WHERE job_id = $jobId AND position > $position ORDER BY position LIMIT $limit`,
      { jobId, position: position ?? -1, limit },
    );
  }

  async find(jobId: string, position: number): Promise<StoredResultMedia | null> {
    const [row] = await this.rows<StoredResultMedia>(
      `SELECT ${COLUMNS} FROM result_media WHERE job_id = $jobId AND position = $position`,
      { jobId, position },
    );
    return row ?? null;
  }

  /** Rows with this content, the oldest first. */
  async withContent(sha256: string, limit: number): Promise<StoredResultMedia[]> {
    return this.rows<StoredResultMedia>(
      `SELECT ${COLUMNS} FROM result_media WHERE sha256 = $sha256 ORDER BY created_at, job_id, position LIMIT $limit`,
      { sha256, limit },
    );
  }
}
