import type { MediaKind } from '../domain/dataset.js';
import {
  PREVIEW_KINDS,
  PREVIEWS_CHANNEL,
  previewKindsOf,
  type Preview,
  type PreviewFacts,
  type PreviewFile,
  type PreviewKind,
} from '../domain/preview.js';
import { Dao } from './dao.js';

interface PreviewRow extends Omit<Preview, 'error'> {
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
}

/** A content whose previews are to be made. */
export interface PreviewedContent {
  readonly sha256: string;
  readonly mediaKind: MediaKind;
  /** Whose turn it uses. */
  readonly userId: string;
}

const COLUMNS = `sha256, kind, status, attempts, error_code AS "errorCode", error_message AS "errorMessage", facts,
  updated_at AS "updatedAt"`;
const FILE_COLUMNS = 'variant, type, bytes::float8 AS bytes, width, height, storage_key AS "storageKey"';

/** Of a preview `p`: a stored file or a file of a result has its content. */
const IN_USE = `(EXISTS (SELECT 1 FROM media m WHERE m.sha256 = p.sha256)
  OR EXISTS (SELECT 1 FROM result_media r WHERE r.sha256 = p.sha256))`;

function toPreview({ errorCode, errorMessage, ...row }: PreviewRow): Preview {
  return { ...row, error: errorCode === null ? null : { code: errorCode, message: errorMessage ?? '' } };
}

/** Table `media_previews`. */
export class MediaPreviewDao extends Dao {
  /**
   * Adds the pending previews that contents of new media lack, and wakes workers at commit. Existing rows are locked until
   * then, so that they are not removed as unused meanwhile.
   */
  async insertPending(contents: readonly PreviewedContent[]): Promise<void> {
    this.requireTransaction();
    const wanted = contents.flatMap(({ sha256, mediaKind, userId }) =>
      previewKindsOf(mediaKind).map((kind) => ({ sha256, kind, user_id: userId })),
    );
    // Distinct, and in one order, so that concurrent uploads of the same contents cannot block each other.
    await this.rows(
      `INSERT INTO media_previews (sha256, kind, user_id)
       SELECT DISTINCT ON (sha256, kind) sha256, kind, user_id
         FROM json_to_recordset($wanted::json) AS t(sha256 text, kind text, user_id uuid) ORDER BY sha256, kind
       ON CONFLICT (sha256, kind) DO UPDATE SET unused_since = NULL WHERE media_previews.unused_since IS NOT NULL
       RETURNING kind`,
      { wanted: JSON.stringify(wanted) },
    );
    await this.notify();
  }

  /** Wakes workers, at commit if there is a transaction. */
  async notify(): Promise<void> {
    await this.rows('SELECT pg_notify($channel, $text)', { channel: PREVIEWS_CHANNEL, text: '' });
  }

  /** Removes pending rows of other kinds than these, unless an admin asked for them. */
  async deletePendingExcept(kinds: readonly PreviewKind[]): Promise<void> {
    await this.rows(
      `DELETE FROM media_previews
        WHERE status = 'pending' AND run_id IS NULL AND attempts = 0 AND kind <> ALL ($kinds::text[]) RETURNING kind`,
      { kinds: [...kinds] },
    );
  }

  /**
   * Contents with pending rows that were not queued since `before`: those of uploads first, users in turn, the oldest of
   * each first.
   */
  async due(before: Date, limit: number): Promise<string[]> {
    const rows = await this.rows<{ sha256: string }>(
      `SELECT sha256
         FROM (SELECT sha256, later, since,
                      row_number() OVER (PARTITION BY later, user_id ORDER BY since, sha256) AS turn
                 FROM (SELECT sha256, user_id, bool_and(run_id IS NOT NULL) AS later, min(created_at) AS since
                         FROM media_previews
                        WHERE status = 'pending' AND (queued_at IS NULL OR queued_at < $before)
                        GROUP BY sha256, user_id) contents) turns
        ORDER BY later, turn, since, sha256 LIMIT $limit`,
      { before, limit },
    );
    return [...new Set(rows.map(({ sha256 }) => sha256))];
  }

  async setQueued(sha256s: readonly string[]): Promise<void> {
    await this.rows(
      `UPDATE media_previews SET queued_at = clock_timestamp()
        WHERE sha256 = ANY ($sha256s::text[]) AND status = 'pending' RETURNING kind`,
      { sha256s: [...sha256s] },
    );
  }

  /** Counts an attempt at the next pending row of a content, in the order of the kinds. */
  async begin(sha256: string, except: readonly PreviewKind[]): Promise<Preview | null> {
    const [row] = await this.rows<PreviewRow>(
      `UPDATE media_previews SET attempts = attempts + 1, updated_at = clock_timestamp()
        WHERE sha256 = $sha256 AND status = 'pending'
          AND kind = (SELECT kind FROM media_previews
                       WHERE sha256 = $sha256 AND status = 'pending' AND kind <> ALL ($except::text[])
                       ORDER BY array_position($order::text[], kind::text) LIMIT 1)
       RETURNING ${COLUMNS}`,
      { sha256, except: [...except], order: [...PREVIEW_KINDS] },
    );
    return row ? toPreview(row) : null;
  }

  /** Takes back the last attempt, which was interrupted. */
  async uncount(sha256: string, kind: PreviewKind): Promise<void> {
    await this.rows(
      `UPDATE media_previews SET attempts = greatest(0, attempts - 1), queued_at = NULL
        WHERE sha256 = $sha256 AND kind = $kind RETURNING kind`,
      { sha256, kind },
    );
  }

  async lock(sha256: string, kind: PreviewKind): Promise<boolean> {
    this.requireTransaction();
    const rows = await this.rows(
      'SELECT kind FROM media_previews WHERE sha256 = $sha256 AND kind = $kind FOR UPDATE',
      { sha256, kind },
    );
    return rows.length > 0;
  }

  async setReady(sha256: string, kind: PreviewKind, facts: PreviewFacts): Promise<void> {
    await this.rows(
      `UPDATE media_previews
          SET status = 'ready', error_code = NULL, error_message = NULL, facts = $facts::json,
              updated_at = clock_timestamp()
        WHERE sha256 = $sha256 AND kind = $kind RETURNING kind`,
      { sha256, kind, facts: JSON.stringify(facts) },
    );
  }

  /** Files of an earlier success stay. */
  async setFailed(
    sha256: string,
    kind: PreviewKind,
    { code, message }: { readonly code: string; readonly message: string },
  ): Promise<void> {
    await this.rows(
      `UPDATE media_previews
          SET status = 'failed', error_code = $code, error_message = $message, updated_at = clock_timestamp()
        WHERE sha256 = $sha256 AND kind = $kind RETURNING kind`,
      { sha256, kind, code, message },
    );
  }

  async ofContents(sha256s: readonly string[]): Promise<Preview[]> {
    const rows = await this.rows<PreviewRow>(
      `SELECT ${COLUMNS} FROM media_previews WHERE sha256 = ANY ($sha256s::text[])
        ORDER BY sha256, array_position($order::text[], kind::text)`,
      { sha256s: [...sha256s], order: [...PREVIEW_KINDS] },
    );
    return rows.map(toPreview);
  }

  async files(sha256: string, kind: PreviewKind): Promise<PreviewFile[]> {
    return this.rows<PreviewFile>(
      `SELECT ${FILE_COLUMNS} FROM media_preview_files WHERE sha256 = $sha256 AND kind = $kind ORDER BY variant`,
      { sha256, kind },
    );
  }

  async file(sha256: string, kind: PreviewKind, variant: string): Promise<PreviewFile | null> {
    const [row] = await this.rows<PreviewFile>(
      `SELECT ${FILE_COLUMNS} FROM media_preview_files
        WHERE sha256 = $sha256 AND kind = $kind AND variant = $variant`,
      { sha256, kind, variant },
    );
    return row ?? null;
  }

  /** Replaces the files of a preview. @returns keys of the former ones */
  async replaceFiles(sha256: string, kind: PreviewKind, files: readonly PreviewFile[]): Promise<string[]> {
    this.requireTransaction();
    const former = await this.rows<{ key: string }>(
      `DELETE FROM media_preview_files WHERE sha256 = $sha256 AND kind = $kind RETURNING storage_key AS key`,
      { sha256, kind },
    );
    const columns = files.map(({ storageKey, ...file }) => ({ ...file, storage_key: storageKey }));
    await this.rows(
      `INSERT INTO media_preview_files (sha256, kind, variant, type, bytes, width, height, storage_key)
       SELECT $sha256, $kind, variant, type, bytes, width, height, storage_key
         FROM json_to_recordset($files::json)
           AS t(variant text, type text, bytes bigint, width int, height int, storage_key text)
       RETURNING kind`,
      { sha256, kind, files: JSON.stringify(columns) },
    );
    return former.map(({ key }) => key);
  }

  /** Files of all previews with a greater key, by key. */
  async filesAfter(key: string | null, limit: number): Promise<PreviewFile[]> {
    return this.rows<PreviewFile>(
      `SELECT ${FILE_COLUMNS} FROM media_preview_files WHERE storage_key > $key ORDER BY storage_key LIMIT $limit`,
      { key: key ?? '', limit },
    );
  }

  /** Marks rows whose content no media and no result has; needed only where two deletions of the last files missed each other. */
  async markUnused(): Promise<void> {
    await this.rows(
      `UPDATE media_previews p SET unused_since = now()
        WHERE p.unused_since IS NULL AND NOT ${IN_USE}
       RETURNING kind`,
      {},
    );
  }

  /**
   * Removes marked rows, except those whose content is in use again.
   * @returns keys of their files; null when there were none left
   */
  async takeUnused(limit: number): Promise<string[] | null> {
    this.requireTransaction();
    const marked = await this.rows<{ sha256: string; kind: string }>(
      `SELECT sha256, kind FROM media_previews WHERE unused_since IS NOT NULL
        ORDER BY sha256, kind LIMIT $limit FOR UPDATE SKIP LOCKED`,
      { limit },
    );
    if (marked.length === 0) return null;
    const bind = { marked: JSON.stringify(marked) };
    const theirs =
      '(sha256, kind) IN (SELECT * FROM json_to_recordset($marked::json) AS t(sha256 text, kind text))';
    await this.rows(
      `UPDATE media_previews p SET unused_since = NULL
        WHERE ${theirs} AND ${IN_USE} RETURNING kind`,
      bind,
    );
    const unused = `SELECT sha256, kind FROM media_previews WHERE unused_since IS NOT NULL AND ${theirs}`;
    const files = await this.rows<{ key: string }>(
      `DELETE FROM media_preview_files WHERE (sha256, kind) IN (${unused}) RETURNING storage_key AS key`,
      bind,
    );
    await this.rows(`DELETE FROM media_previews WHERE (sha256, kind) IN (${unused}) RETURNING kind`, bind);
    return files.map(({ key }) => key);
  }
}
