import type {
  MediaProcessCounts,
  MediaProcessFailure,
  MediaProcessProgress,
  MediaProcessRequest,
  MediaProcessRun,
} from '../domain/media-list.js';
import { previewKindsOf } from '../domain/preview.js';
import { Dao } from './dao.js';

const COLUMNS = `id, user_id AS "userId", to_char(from_day, 'YYYY-MM-DD') AS "from", to_char(to_day, 'YYYY-MM-DD') AS "to",
  steps, dataset_id AS "datasetId", remake, media, queued, ready, waiting, created_at AS "createdAt",
  planned_at AS "plannedAt"`;

type RunRow = Omit<MediaProcessRun, 'datasetId'> & { readonly datasetId: string | null };

const toRun = ({ datasetId, ...run }: RunRow): MediaProcessRun => ({
  ...run,
  ...(datasetId !== null && { datasetId }),
});

/** Media of live datasets that a request is about; days are whole days in UTC. */
const MATCHING = `
  SELECT m.id, m.sha256, m.kind FROM media m JOIN datasets d ON d.id = m.dataset_id
   WHERE m.created_at >= ($from::date)::timestamp AT TIME ZONE 'UTC'
     AND m.created_at < ($to::date + 1)::timestamp AT TIME ZONE 'UTC'
     AND ($datasetId::uuid IS NULL OR m.dataset_id = $datasetId::uuid)
     AND d.deleted_at IS NULL AND m.deleted_at IS NULL`;

/** The previews that the media named `matching` should have, with their state before. */
const WANTED = `
  SELECT DISTINCT m.sha256, k.kind, p.status, p.run_id FROM matching m
    CROSS JOIN LATERAL unnest(CASE m.kind WHEN 'video' THEN $videoSteps::text[] ELSE $imageSteps::text[] END) k(kind)
    LEFT JOIN media_previews p ON p.sha256 = m.sha256 AND p.kind = k.kind`;
const TO_MAKE = `(status IS NULL OR status = 'failed' OR ($remake::boolean AND status = 'ready'))`;
const COUNTS = `count(*) FILTER (WHERE ${TO_MAKE})::int AS queued,
  count(*) FILTER (WHERE status = 'ready' AND NOT $remake::boolean)::int AS ready,
  count(*) FILTER (WHERE status = 'pending')::int AS waiting`;

function bindOf({ from, to, steps, datasetId, remake }: MediaProcessRequest) {
  const stepsOf = (kind: 'video' | 'image') => previewKindsOf(kind).filter((step) => steps.includes(step));
  return {
    from,
    to,
    datasetId: datasetId ?? null,
    remake,
    videoSteps: stepsOf('video'),
    imageSteps: stepsOf('image'),
  };
}

/** Table `media_process_runs`. */
export class MediaProcessDao extends Dao {
  async count(request: MediaProcessRequest): Promise<MediaProcessCounts> {
    const [counts] = await this.rows<MediaProcessCounts>(
      `WITH matching AS (${MATCHING}), wanted AS (${WANTED})
       SELECT (SELECT count(*)::int FROM matching) AS media, ${COUNTS} FROM wanted`,
      bindOf(request),
    );
    return counts;
  }

  async insert(id: string, userId: string | null, request: MediaProcessRequest): Promise<MediaProcessRun> {
    const { from, to, steps, datasetId = null, remake } = request;
    const [row] = await this.rows<RunRow>(
      `INSERT INTO media_process_runs (id, user_id, from_day, to_day, steps, dataset_id, remake)
       VALUES ($id, $userId, $from, $to, $steps::text[], $datasetId, $remake) RETURNING ${COLUMNS}`,
      { id, userId, from, to, steps: [...steps], datasetId, remake },
    );
    return toRun(row);
  }

  async find(id: string): Promise<MediaProcessRun | null> {
    const [row] = await this.rows<RunRow>(`SELECT ${COLUMNS} FROM media_process_runs WHERE id = $id`, { id });
    return row ? toRun(row) : null;
  }

  /** Newest first. */
  async list(
    limit: number,
    olderThan: { readonly createdAt: Date; readonly id: string } | undefined,
  ): Promise<MediaProcessRun[]> {
    const rows = await this.rows<RunRow>(
      `SELECT ${COLUMNS} FROM media_process_runs
        WHERE $before::timestamptz IS NULL OR (created_at, id) < ($before::timestamptz, $beforeId::uuid)
        ORDER BY created_at DESC, id DESC LIMIT $limit`,
      { limit, before: olderThan?.createdAt ?? null, beforeId: olderThan?.id ?? null },
    );
    return rows.map(toRun);
  }

  /** The oldest run that is not planned completely and that no other worker is planning. */
  async lockUnplanned(): Promise<(MediaProcessRun & { readonly plannedTo: string | null }) | null> {
    this.requireTransaction();
    const [row] = await this.rows<RunRow & { readonly plannedTo: string | null }>(
      `SELECT ${COLUMNS}, planned_to AS "plannedTo" FROM media_process_runs WHERE planned_at IS NULL
        ORDER BY created_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED`,
      {},
    );
    return row ? { ...toRun(row), plannedTo: row.plannedTo } : null;
  }

  /** Queues the missing previews of the next media of a run, in the order of their ids. @returns how many media there were */
  async planPage(
    { id, userId, plannedTo, ...request }: MediaProcessRun & { readonly plannedTo: string | null },
    limit: number,
  ): Promise<number> {
    this.requireTransaction();
    const bind = { ...bindOf(request), id, userId, plannedTo, limit };
    const [page] = await this.rows<MediaProcessCounts & { readonly last: string | null }>(
      `WITH matching AS (${MATCHING} AND ($plannedTo::uuid IS NULL OR m.id > $plannedTo::uuid) ORDER BY m.id LIMIT $limit),
            wanted AS (SELECT * FROM (${WANTED}) w WHERE w.run_id IS DISTINCT FROM $id::uuid),
            queued AS (
              INSERT INTO media_previews (sha256, kind, user_id, run_id)
              SELECT sha256, kind, $userId::uuid, $id::uuid FROM wanted WHERE ${TO_MAKE} ORDER BY sha256, kind
              ON CONFLICT (sha256, kind) DO UPDATE
                SET status = 'pending', attempts = 0, queued_at = NULL, error_code = NULL, error_message = NULL,
                    user_id = EXCLUDED.user_id, run_id = EXCLUDED.run_id, unused_since = NULL,
                    created_at = clock_timestamp(), updated_at = clock_timestamp()
              RETURNING kind)
       SELECT (SELECT count(*)::int FROM matching) AS media, (SELECT max(id::text) FROM matching) AS last,
              (SELECT count(*)::int FROM queued) AS queued,
              count(*) FILTER (WHERE status = 'ready' AND NOT $remake::boolean)::int AS ready,
              count(*) FILTER (WHERE status = 'pending')::int AS waiting
         FROM wanted`,
      bind,
    );
    const { media, queued, ready, waiting, last } = page;
    await this.rows(
      `UPDATE media_process_runs
          SET planned_to = coalesce($last::uuid, planned_to), media = media + $media, queued = queued + $queued,
              ready = ready + $ready, waiting = waiting + $waiting,
              planned_at = CASE WHEN $media < $limit THEN clock_timestamp() END
        WHERE id = $id RETURNING id`,
      { id, last, media, queued, ready, waiting, limit },
    );
    return media;
  }

  async progress(id: string): Promise<MediaProcessProgress> {
    const [progress] = await this.rows<MediaProcessProgress>(
      `SELECT count(*) FILTER (WHERE status = 'pending')::int AS pending,
              count(*) FILTER (WHERE status = 'ready')::int AS done,
              count(*) FILTER (WHERE status = 'failed')::int AS failed
         FROM media_previews WHERE run_id = $id`,
      { id },
    );
    return progress;
  }

  async failures(id: string, limit: number): Promise<MediaProcessFailure[]> {
    return this.rows<MediaProcessFailure>(
      `SELECT m.id AS "mediaId", m.name, p.kind AS step, p.error_code AS code, p.error_message AS message
         FROM media_previews p
         CROSS JOIN LATERAL (SELECT id, name FROM media WHERE sha256 = p.sha256 ORDER BY created_at, id LIMIT 1) m
        WHERE p.run_id = $id AND p.status = 'failed' ORDER BY m.id, p.kind LIMIT $limit`,
      { id, limit },
    );
  }
}
