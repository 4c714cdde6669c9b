import { Dao } from './dao.js';

/** Limits that apply to the choice of the next job. */
export interface ScheduleLimits {
  /** Attempts after which a job is not started again. */
  readonly maxAttempts: number;
  /** Running jobs per user where the user has no limit of their own; 0 for no limit. */
  readonly runningJobs: number;
}

/** A chosen row, locked until the transaction ends. */
export interface ScheduledRow {
  readonly id: string;
  readonly userId: string;
  /** Whether a limit of running jobs applies to the user. */
  readonly limited: boolean;
}

/** A row of `paused_tasks`. */
export interface PausedTaskRow {
  readonly task: string;
  readonly acceptsJobs: boolean;
  readonly reason: string | null;
  readonly pausedAt: Date;
}

/** Ids of users who run as many jobs as they may; `limit` is the SQL of the default limit. */
export const usersAtLimit = (limit: string): string => `
  SELECT running.user_id FROM inference_jobs AS running
    LEFT JOIN user_limits AS own ON own.user_id = running.user_id
   WHERE running.status = 'RUNNING'
   GROUP BY running.user_id, own.running_jobs
  HAVING COALESCE(own.running_jobs, ${limit}) > 0 AND count(*) >= COALESCE(own.running_jobs, ${limit})`;

/** Tasks whose jobs are not started. */
export const PAUSED_TASKS = 'SELECT task FROM paused_tasks';

const MAY_START = `
  job.status = 'PENDING' AND (job.not_before IS NULL OR job.not_before <= clock_timestamp())
  AND job.attempt < $maxAttempts AND job.task NOT IN (${PAUSED_TASKS})`;
const OWNER_EXISTS = '(SELECT deleted_at FROM users WHERE users.id = job.user_id) IS NULL';

/**
 * A job whose lease has expired comes first: it was started before. Otherwise the lowest start tag decides
 * whose turn it is, and the user's best job gets this tag. SKIP LOCKED gives every concurrent caller another
 * job.
 */
const NEXT = `
WITH lost AS (
  SELECT job.id FROM inference_jobs AS job
   WHERE job.status = 'RUNNING' AND job.lease_expires_at < clock_timestamp() AND job.attempt < $maxAttempts
     AND ${OWNER_EXISTS}
   ORDER BY job.lease_expires_at LIMIT 1 FOR UPDATE SKIP LOCKED
), slot AS (
  SELECT job.id, job.user_id, job.start_tag, job.start_order FROM inference_jobs AS job
   WHERE ${MAY_START} AND NOT EXISTS (SELECT FROM lost)
     AND job.user_id NOT IN (${usersAtLimit('$runningJobs')}) AND ${OWNER_EXISTS}
   ORDER BY job.promoted DESC, job.start_tag, job.start_order LIMIT 1 FOR UPDATE SKIP LOCKED
), best AS (
  SELECT job.id, job.start_tag, job.start_order FROM inference_jobs AS job
   WHERE job.user_id = (SELECT user_id FROM slot) AND ${MAY_START}
   ORDER BY job.promoted DESC, job.priority DESC, job.created_at, job.id LIMIT 1 FOR UPDATE SKIP LOCKED
), exchange AS (
  UPDATE inference_jobs AS job
     SET start_tag = CASE WHEN job.id = slot.id THEN best.start_tag ELSE slot.start_tag END,
         start_order = CASE WHEN job.id = slot.id THEN best.start_order ELSE slot.start_order END
    FROM slot, best WHERE slot.id <> best.id AND job.id IN (slot.id, best.id)
)
SELECT job.id, job.user_id AS "userId", COALESCE(own.running_jobs, $runningJobs) > 0 AS limited
  FROM inference_jobs AS job LEFT JOIN user_limits AS own ON own.user_id = job.user_id
 WHERE job.id = COALESCE((SELECT id FROM lost), (SELECT id FROM best))`;

/**
 * The job takes the user's tag that corresponds to its rank among the user's jobs; all jobs with a lower tag
 * start before it. Jobs of paused tasks do not count, unless it is of such a task itself.
 */
const POSITION = `
WITH own AS (
  SELECT id, user_id, task, promoted, priority, created_at FROM inference_jobs WHERE id = $id AND status = 'PENDING'
), held AS (
  SELECT task FROM paused_tasks WHERE task <> (SELECT task FROM own)
), better AS (
  SELECT count(*) AS jobs FROM inference_jobs AS job, own
   WHERE job.user_id = own.user_id AND job.status = 'PENDING' AND job.promoted = own.promoted
     AND (job.priority > own.priority
          OR (job.priority = own.priority AND (job.created_at, job.id) < (own.created_at, own.id)))
     AND job.task NOT IN (SELECT task FROM held)
), slot AS (
  SELECT job.start_tag, job.start_order FROM inference_jobs AS job
   WHERE job.user_id = (SELECT user_id FROM own) AND job.status = 'PENDING'
     AND job.promoted = (SELECT promoted FROM own) AND job.task NOT IN (SELECT task FROM held)
   ORDER BY job.start_tag, job.start_order OFFSET (SELECT jobs FROM better) LIMIT 1
)
SELECT ((SELECT count(*) FROM inference_jobs AS job
          WHERE job.status = 'PENDING' AND job.promoted = (SELECT promoted FROM own)
            AND (job.start_tag, job.start_order) < ((SELECT start_tag FROM slot), (SELECT start_order FROM slot))
            AND job.task NOT IN (SELECT task FROM held))
      + (SELECT count(*) FROM inference_jobs AS job
          WHERE job.status = 'PENDING' AND job.promoted AND NOT (SELECT promoted FROM own)
            AND job.task NOT IN (SELECT task FROM held)))::int AS position`;

/** The job takes the user's lowest tag, so that the tags of the user's other jobs do not grow. */
const PROMOTE = `
WITH own AS (
  SELECT id, user_id, start_tag, start_order FROM inference_jobs WHERE id = $id AND status = 'PENDING' FOR UPDATE
), first AS (
  SELECT id, start_tag, start_order FROM inference_jobs
   WHERE user_id = (SELECT user_id FROM own) AND status = 'PENDING' AND NOT promoted
   ORDER BY start_tag, start_order LIMIT 1 FOR UPDATE SKIP LOCKED
), given AS (
  UPDATE inference_jobs AS job SET start_tag = own.start_tag, start_order = own.start_order
    FROM own, first WHERE job.id = first.id AND first.id <> own.id
)
UPDATE inference_jobs AS job
   SET promoted = true, start_tag = LEAST(first.start_tag, own.start_tag),
       start_order = CASE WHEN first.start_tag < own.start_tag THEN first.start_order ELSE own.start_order END
  FROM own LEFT JOIN first ON true WHERE job.id = own.id
RETURNING job.id`;

/**
 * Tags that were not used while a task was paused must not give their users all starts afterwards: they are
 * moved up to the tags of the jobs that start now.
 */
const CATCH_UP = `
UPDATE inference_jobs AS job SET start_tag = job.start_tag + late.steps
  FROM (SELECT user_id,
               COALESCE((SELECT max(start_tag) FROM inference_jobs WHERE status = 'RUNNING' AND NOT promoted),
                        (SELECT min(start_tag) FROM inference_jobs
                          WHERE status = 'PENDING' AND NOT promoted AND task NOT IN (${PAUSED_TASKS}) AND task <> $task))
               - min(start_tag) AS steps
          FROM inference_jobs
         WHERE status = 'PENDING' AND task = $task AND NOT promoted GROUP BY user_id) AS late
 WHERE job.user_id = late.user_id AND late.steps > 0 AND job.status = 'PENDING' AND job.task = $task
   AND NOT job.promoted`;

/** Which waiting job starts next, and which tasks are paused. */
export class JobScheduleDao extends Dao {
  /** The job to start next, locked; null when none may start. */
  async next({ maxAttempts, runningJobs }: ScheduleLimits): Promise<ScheduledRow | null> {
    this.requireTransaction();
    const [row] = await this.rows<ScheduledRow>(NEXT, { maxAttempts, runningJobs });
    return row ?? null;
  }

  /**
   * Whether a user runs more jobs than allowed. Callers of one user wait for each other, so that each sees the
   * jobs which the others have started.
   */
  async exceedsLimit(userId: string, runningJobs: number): Promise<boolean> {
    this.requireTransaction();
    await this.rows(`SELECT pg_advisory_xact_lock(hashtextextended('running-jobs ' || $userId, 0))`, {
      userId,
    });
    const [{ exceeds }] = await this.rows<{ exceeds: boolean }>(
      `SELECT count(*) > COALESCE((SELECT running_jobs FROM user_limits WHERE user_id = $userId), $runningJobs) AS exceeds
         FROM inference_jobs WHERE status = 'RUNNING' AND user_id = $userId`,
      { userId, runningJobs },
    );
    return exceeds;
  }

  /** A waiting job of a user to whom a limit of running jobs applies; null for other users. */
  async waitingOfLimited(userId: string, runningJobs: number): Promise<string | null> {
    const [row] = await this.rows<{ id: string }>(
      `SELECT job.id FROM inference_jobs AS job
        WHERE job.user_id = $userId AND job.status = 'PENDING' AND job.task NOT IN (${PAUSED_TASKS})
          AND COALESCE((SELECT running_jobs FROM user_limits WHERE user_id = $userId), $runningJobs) > 0
        ORDER BY job.start_tag, job.start_order LIMIT 1`,
      { userId, runningJobs },
    );
    return row?.id ?? null;
  }

  /** Number of waiting jobs that start before this one. */
  async position(id: string): Promise<number> {
    const [{ position }] = await this.rows<{ position: number }>(POSITION, { id });
    return position;
  }

  /** Makes a waiting job the next one. False when it does not wait. */
  async promote(id: string): Promise<boolean> {
    return (await this.rows(PROMOTE, { id })).length > 0;
  }

  /** Changes the priority of a waiting job. False when it does not wait. */
  async setPriority(id: string, priority: number): Promise<boolean> {
    const rows = await this.rows(
      `UPDATE inference_jobs SET priority = $priority WHERE id = $id AND status = 'PENDING' RETURNING id`,
      { id, priority },
    );
    return rows.length > 0;
  }

  async pausedTasks(): Promise<PausedTaskRow[]> {
    return this.rows<PausedTaskRow>(
      `SELECT task, accepts_jobs AS "acceptsJobs", reason, paused_at AS "pausedAt" FROM paused_tasks ORDER BY task`,
      {},
    );
  }

  async pause({ task, acceptsJobs, reason }: Omit<PausedTaskRow, 'pausedAt'>): Promise<void> {
    await this.rows(
      `INSERT INTO paused_tasks (task, accepts_jobs, reason) VALUES ($task, $acceptsJobs, $reason)
       ON CONFLICT (task) DO UPDATE SET accepts_jobs = $acceptsJobs, reason = $reason`,
      { task, acceptsJobs, reason },
    );
  }

  async resume(task: string): Promise<void> {
    this.requireTransaction();
    const removed = await this.rows('DELETE FROM paused_tasks WHERE task = $task RETURNING task', { task });
    if (removed.length > 0) await this.rows(CATCH_UP, { task });
  }

  /** Numbers of waiting and running jobs by task. */
  async countsByTask(): Promise<{ task: string; waiting: number; running: number }[]> {
    return this.rows(
      `SELECT task, (count(*) FILTER (WHERE status = 'PENDING'))::int AS waiting,
              (count(*) FILTER (WHERE status = 'RUNNING'))::int AS running
         FROM inference_jobs WHERE status IN ('PENDING', 'RUNNING') GROUP BY task`,
      {},
    );
  }
}
