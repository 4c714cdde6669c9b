import { Op, fn, literal, type WhereOptions } from 'sequelize';
import type { JobProgress, JobStatus } from '../domain/job.js';
import type { Counted, Slice } from '../domain/listing.js';
import type { InferenceJobRow, NewInferenceJobRow } from '../models/inference-job.model.js';
import { Dao } from './dao.js';
import { jobListWhere, type JobRowFilter } from './inference-job.filter.js';
import { PAUSED_TASKS, usersAtLimit } from './job-schedule.dao.js';

export type { InferenceJobRow, NewInferenceJobRow } from '../models/inference-job.model.js';

/** Columns that a successful attempt sets. */
export type FinishedColumns = Pick<
  InferenceJobRow,
  'capturedMicro' | 'device' | 'timings' | 'energy' | 'network'
>;

/** Leases are compared with the database's clock, so that workers' clocks need not be synchronised. */
const NOW = fn('clock_timestamp');
const LIVE: JobStatus[] = ['PENDING', 'RUNNING'];
/** Earliest next attempt after a failed one: before the queue delivers its message again, so that it finds the job. */
const RETRY_TIME = literal(`clock_timestamp() + interval '450 milliseconds'`);
/** A job that is not running has neither fence nor lease, as the table's CHECK enforces. */
const UNCLAIMED = { fence: null, leaseExpiresAt: null };

/**
 * Progress of a COMPLETED job: all of its total, because the last report before completion may have been
 * dropped.
 */
const ALL_DONE = literal(
  `json_build_object('done', COALESCE((progress->>'total')::numeric, 1),
                     'total', COALESCE((progress->>'total')::numeric, 1), 'percent', 100, 'stage', 'done')`,
);

/**
 * Table `inference_jobs`. Every change is one guarded UPDATE whose WHERE clause is the permission to make it.
 */
export class InferenceJobDao extends Dao {
  async insertAll(rows: readonly NewInferenceJobRow[]): Promise<InferenceJobRow[]> {
    const jobs = await this.models.inferenceJobs.bulkCreate([...rows], {
      returning: true,
      transaction: this.transaction,
    });
    return jobs.map((job) => job.get({ plain: true }));
  }

  /** The row, unless it is in the trash. */
  async find(where: { id: string; userId?: string }): Promise<InferenceJobRow | null> {
    const job = await this.models.inferenceJobs.findOne({
      where: { ...where, deletedAt: null },
      transaction: this.transaction,
    });
    return job?.get({ plain: true }) ?? null;
  }

  /** The row locked with FOR UPDATE. */
  async lock(id: string): Promise<InferenceJobRow | null> {
    const transaction = this.requireTransaction();
    const job = await this.models.inferenceJobs.findOne({
      where: { id },
      lock: transaction.LOCK.UPDATE,
      transaction,
    });
    return job?.get({ plain: true }) ?? null;
  }

  /** Newest first. */
  async list(filter: JobRowFilter, limit: number): Promise<InferenceJobRow[]> {
    const jobs = await this.models.inferenceJobs.findAll({
      where: jobListWhere(filter),
      order: [
        ['createdAt', 'DESC'],
        ['id', 'DESC'],
      ],
      limit,
      transaction: this.transaction,
    });
    return jobs.map((job) => job.get({ plain: true }));
  }

  /** One numbered page, newest first. */
  async page(filter: JobRowFilter, { offset, limit }: Slice): Promise<Counted<InferenceJobRow>> {
    const { rows, count } = await this.models.inferenceJobs.findAndCountAll({
      where: jobListWhere(filter),
      order: [
        ['createdAt', 'DESC'],
        ['id', 'DESC'],
      ],
      offset,
      limit,
      transaction: this.transaction,
    });
    return { rows: rows.map((job) => job.get({ plain: true })), total: count };
  }

  /** Sets a PENDING row, or a RUNNING one whose lease has expired, to RUNNING with the given lease. */
  async claim(
    id: string,
    lease: { fence: string; expiresAt: Date },
    maxAttempts: number,
  ): Promise<InferenceJobRow | null> {
    return this.#updateOne(
      {
        id,
        attempt: { [Op.lt]: maxAttempts },
        userId: { [Op.notIn]: literal('(SELECT id FROM users WHERE deleted_at IS NOT NULL)') },
        [Op.or]: [{ status: 'PENDING' }, { status: 'RUNNING', leaseExpiresAt: { [Op.lt]: NOW } }],
      },
      {
        status: 'RUNNING',
        attempt: literal('attempt + 1'),
        fence: lease.fence,
        leaseExpiresAt: lease.expiresAt,
        progress: null,
        startedAt: fn('coalesce', literal('started_at'), NOW),
      },
    );
  }

  async renewLease(id: string, fence: string, leaseExpiresAt: Date): Promise<boolean> {
    return (await this.#updateOne({ id, fence, status: 'RUNNING' }, { leaseExpiresAt })) !== null;
  }

  /** Sets the row to PENDING and subtracts `attempts` from its attempt count. */
  async requeue(id: string, fence: string, attempts: 0 | 1): Promise<boolean> {
    const row = await this.#updateOne(
      { id, fence, status: 'RUNNING' },
      {
        status: 'PENDING',
        attempt: literal(`attempt - ${attempts}`),
        notBefore: attempts === 0 ? RETRY_TIME : null,
        ...UNCLAIMED,
      },
    );
    return row !== null;
  }

  async complete(id: string, fence: string, columns: FinishedColumns): Promise<InferenceJobRow | null> {
    return this.#updateOne(
      { id, fence, status: 'RUNNING' },
      { ...columns, status: 'COMPLETED', progress: ALL_DONE, finishedAt: NOW, ...UNCLAIMED },
    );
  }

  async finish(
    id: string,
    status: 'FAILED' | 'ABORTED',
    failure: { failureCode: string | null; failureMessage: string | null },
  ): Promise<boolean> {
    const row = await this.#updateOne(
      { id, status: LIVE },
      { ...failure, status, finishedAt: NOW, ...UNCLAIMED },
    );
    return row !== null;
  }

  async setProgress(id: string, fence: string, progress: JobProgress): Promise<boolean> {
    return (await this.#updateOne({ id, fence, status: 'RUNNING' }, { progress })) !== null;
  }

  /** Increments the row's event number under its lock; null when there is no such job. */
  async nextSeq(id: string): Promise<{ seq: number; userId: string } | null> {
    this.requireTransaction();
    return this.#updateOne({ id }, { seq: literal('seq + 1') });
  }

  /** PENDING rows older than `before` that may start and RUNNING ones whose lease has expired, oldest first. */
  async listStale(
    { before, runningJobs }: { before: Date; runningJobs: number },
    limit: number,
  ): Promise<InferenceJobRow[]> {
    const jobs = await this.models.inferenceJobs.findAll({
      where: {
        [Op.or]: [
          {
            status: 'PENDING',
            createdAt: { [Op.lt]: before },
            task: { [Op.notIn]: literal(`(${PAUSED_TASKS})`) },
            userId: { [Op.notIn]: literal(`(${usersAtLimit(String(runningJobs))})`) },
            [Op.and]: literal('(not_before IS NULL OR not_before <= clock_timestamp())'),
          },
          { status: 'RUNNING', leaseExpiresAt: { [Op.lt]: NOW } },
        ],
      },
      order: [
        ['createdAt', 'ASC'],
        ['id', 'ASC'],
      ],
      limit,
      transaction: this.transaction,
    });
    return jobs.map((job) => job.get({ plain: true }));
  }

  /** Ids of unfinished jobs whose user is deleted; running ones first. */
  async liveOfDeletedUsers(limit: number): Promise<string[]> {
    const rows = await this.rows<{ id: string }>(
      `SELECT job.id FROM inference_jobs AS job JOIN users ON users.id = job.user_id
        WHERE job.status IN ('PENDING', 'RUNNING') AND users.deleted_at IS NOT NULL
        ORDER BY (job.status = 'RUNNING') DESC, job.id LIMIT $limit`,
      { limit },
    );
    return rows.map(({ id }) => id);
  }

  async countPending(userId: string): Promise<number> {
    return this.models.inferenceJobs.count({
      where: { userId, status: 'PENDING' },
      transaction: this.transaction,
    });
  }

  async #updateOne(
    where: WhereOptions<InferenceJobRow>,
    values: Parameters<typeof this.models.inferenceJobs.update>[0],
  ): Promise<InferenceJobRow | null> {
    const [, jobs] = await this.models.inferenceJobs.update(values, {
      where,
      returning: true,
      transaction: this.transaction,
    });
    return jobs[0]?.get({ plain: true }) ?? null;
  }
}
