import type { UsageFilter } from '../domain/usage.js';
import { SERVO_TASK } from '../domain/servo-recording.js';
import { Dao } from './dao.js';

/** Row of a usage report; sums are BIGINT as text. */
export interface UsageRow {
  readonly date: string;
  readonly userId: string;
  readonly email: string;
  readonly jobs: string;
  readonly images: string;
  readonly frames: string;
  readonly credits: string;
  readonly bytes: string;
}

/** A condition on the day of a time column, which an index can serve, and on the user. */
const during = (time: string): string =>
  `${time} >= ($from::date)::timestamp AT TIME ZONE 'UTC'
   AND ${time} < ($to::date + 1)::timestamp AT TIME ZONE 'UTC'
   AND ($userId::uuid IS NULL OR user_id = $userId::uuid)`;
const dayOf = (time: string): string => `(${time} AT TIME ZONE 'UTC')::date`;

/** Frames of a recorded session count as the session's, not again as those of its job. */
const DAILY = `
  SELECT to_char(day, 'YYYY-MM-DD') AS date, user_id AS "userId", u.email,
         sum(jobs) AS jobs, sum(images) AS images, sum(frames) AS frames, sum(credits) AS credits, sum(bytes) AS bytes
    FROM (
      SELECT user_id, ${dayOf('finished_at')} AS day, 1 AS jobs,
             CASE WHEN status = 'COMPLETED' AND task = ANY($imageTasks::text[]) THEN (progress->>'done')::bigint END AS images,
             CASE WHEN status = 'COMPLETED' AND task <> ALL($imageTasks::text[]) AND task <> '${SERVO_TASK}' THEN (progress->>'done')::bigint END AS frames,
             0 AS credits, 0 AS bytes
        FROM inference_jobs WHERE ${during('finished_at')}
      UNION ALL
      SELECT user_id, ${dayOf('created_at')}, 0,
             CASE WHEN kind = 'capture' AND job_id IS NULL AND session_id IS NULL THEN 1 END, 0, amount_micro, 0
        FROM credit_transactions WHERE kind IN ('capture', 'upload') AND ${during('created_at')}
      UNION ALL
      SELECT user_id, ${dayOf('ended_at')}, 0, 0, frames_answered, 0, 0
        FROM servo_sessions WHERE ${during('ended_at')}
      UNION ALL
      SELECT user_id, ${dayOf('created_at')}, 0, 0, 0, 0, bytes FROM media WHERE ${during('created_at')}
    ) used JOIN users u ON u.id = user_id
   GROUP BY day, user_id, u.email
   ORDER BY day, u.email, user_id LIMIT $limit`;

/** Usage per user and day, over several tables. */
export class UsageDao extends Dao {
  async daily({ from, to, userId, imageTasks }: UsageFilter, limit: number): Promise<UsageRow[]> {
    return this.rows<UsageRow>(DAILY, { from, to, userId: userId ?? null, imageTasks, limit });
  }
}
