import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Cluster } from '../support/cluster.js';
import { ClusterUser, jobOf } from '../support/cluster-user.js';

/** Jobs of one user, and when the single job of another one started. */
export interface FairnessRow {
  readonly queued: number;
  /** Jobs of the first user that waited when the other one's was created. */
  readonly waiting: number;
  /** Jobs of the first user that started before it. */
  readonly startedBefore: number;
  /** From its creation to its start. */
  readonly waitedMs: number;
  /** Median time of the first user's jobs. */
  readonly jobMs: number;
}

const CLIENTS = 10;
/** The other job starts within the time of two. */
export const MAX_STARTED_BEFORE = 2;

async function userWithJobs(cluster: Cluster, name: string): Promise<ClusterUser> {
  const user = await ClusterUser.register(cluster, `${name}-${randomUUID()}`);
  await user.recharge(100_000);
  await user.prepare();
  return user;
}

/** One user queues many jobs; while they run, another one queues a single job. */
export async function secondUsersTurn(
  cluster: Cluster,
  database: pg.Client,
  queued: number,
): Promise<FairnessRow> {
  const [many, single] = [await userWithJobs(cluster, 'many'), await userWithJobs(cluster, 'single')];
  let left = queued;
  let last = '';
  const create = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      last = jobOf(await many.createJob());
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, create));
  const id = jobOf(await single.createJob());
  while (typeof (await single.any.get(`/api/jobs/${id}?wait=30`)).at('finishedAt') !== 'string');
  const { rows } = await database.query<Omit<FairnessRow, 'queued'>>(
    `WITH single AS (SELECT created_at, started_at FROM inference_jobs WHERE id = $1),
          many AS (SELECT * FROM inference_jobs WHERE user_id = (SELECT user_id FROM inference_jobs WHERE id = $2))
     SELECT count(*) FILTER (WHERE many.started_at IS NULL OR many.started_at > single.created_at)::int AS waiting,
            count(*) FILTER (WHERE many.started_at BETWEEN single.created_at AND single.started_at)::int AS "startedBefore",
            (extract(epoch FROM single.started_at - single.created_at) * 1000)::int AS "waitedMs",
            (percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM many.finished_at - many.started_at)) * 1000)::int
              AS "jobMs"
       FROM many, single GROUP BY single.created_at, single.started_at`,
    [id, last],
  );
  while ((await many.any.post('/api/jobs/cancel', { all: true })).at('hasMore') === true);
  return { queued, ...rows[0] };
}
