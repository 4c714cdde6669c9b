import type { InferenceJobDao } from '../dao/inference-job.dao.js';
import type { JobEventDao } from '../dao/job-event.dao.js';
import type { WebhookEventDao } from '../dao/webhook-event.dao.js';
import type { JobEvent, JobEventPayloads, JobEventType } from '../domain/job-event.js';
import { MAX_ATTEMPTS, type Job, type JobFailure, type JobProgress } from '../domain/job.js';
import type {
  JobConditions,
  JobFilter,
  JobOutcome,
  JobRepository,
  NewJob,
} from '../domain/repositories/job.repository.js';
import type { Page } from '../domain/repositories/pages.js';
import type { Counted, Slice } from '../domain/listing.js';
import { notFound } from '../errors/common-errors.js';
import { toJob, toJobEvent, toJobRow } from './job.mapper.js';
import { decodeCursor, pageOf } from './page-cursor.js';

/** Maximum number of stale rows per reconciler round; the rest follows in the next one. */
const STALE_LIMIT = 1000;
const FAILURE_CODE_LENGTH = 60;
const FAILURE_MESSAGE_LENGTH = 4000;

/**
 * Makes a text storable: messages of tools may contain NUL or lone surrogates, which PostgreSQL rejects, and
 * a failure must always be recordable.
 */
function storable(text: string, length: number): string {
  return text.slice(0, length).replaceAll(/\0|\p{Surrogate}/gu, '\uFFFD');
}

/** Jobs and their events in PostgreSQL. */
export class PostgresJobRepository implements JobRepository {
  readonly #jobs: InferenceJobDao;
  readonly #events: JobEventDao;
  readonly #webhookEvents: WebhookEventDao;

  constructor(jobs: InferenceJobDao, events: JobEventDao, webhookEvents: WebhookEventDao) {
    this.#jobs = jobs;
    this.#events = events;
    this.#webhookEvents = webhookEvents;
  }

  async create(jobs: readonly NewJob[]): Promise<readonly Job[]> {
    if (jobs.length === 0) return [];
    const rows = await this.#jobs.insertAll(jobs.map(toJobRow));
    return rows.map(toJob);
  }

  async findById(id: string): Promise<Job | null> {
    const row = await this.#jobs.find({ id });
    return row && toJob(row);
  }

  async requireOwned(id: string, userId: string): Promise<Job> {
    const row = await this.#jobs.find({ id, userId });
    if (!row) throw notFound('Job', id);
    return toJob(row);
  }

  async lock(id: string): Promise<Job | null> {
    const row = await this.#jobs.lock(id);
    return row && toJob(row);
  }

  async list({ limit, cursor, ...filter }: JobFilter): Promise<Page<Job>> {
    const olderThan = cursor === undefined ? undefined : decodeCursor(cursor);
    const { rows, nextCursor } = pageOf(await this.#jobs.list({ ...filter, olderThan }, limit + 1), limit);
    return { rows: rows.map(toJob), nextCursor };
  }

  async page(filter: JobConditions, slice: Slice): Promise<Counted<Job>> {
    const { rows, total } = await this.#jobs.page(filter, slice);
    return { rows: rows.map(toJob), total };
  }

  async claimForRun(id: string, lease: { fence: string; expiresAt: Date }): Promise<Job | null> {
    const row = await this.#jobs.claim(id, lease, MAX_ATTEMPTS);
    return row && toJob(row);
  }

  async renewLease(id: string, fence: string, expiresAt: Date): Promise<boolean> {
    return this.#jobs.renewLease(id, fence, expiresAt);
  }

  async requeue(id: string, fence: string, options: { uncounted?: boolean } = {}): Promise<boolean> {
    return this.#jobs.requeue(id, fence, options.uncounted ? 1 : 0);
  }

  async complete(id: string, fence: string, { captured, ...outcome }: JobOutcome): Promise<Job | null> {
    const row = await this.#jobs.complete(id, fence, { ...outcome, capturedMicro: captured });
    return row && toJob(row);
  }

  async finish(id: string, status: 'FAILED' | 'ABORTED', failure: JobFailure | null): Promise<boolean> {
    return this.#jobs.finish(id, status, {
      failureCode: failure && storable(failure.code, FAILURE_CODE_LENGTH),
      failureMessage: failure && storable(failure.message, FAILURE_MESSAGE_LENGTH),
    });
  }

  async setProgress(id: string, fence: string, progress: JobProgress): Promise<boolean> {
    return this.#jobs.setProgress(id, fence, progress);
  }

  async appendEvent<Type extends JobEventType>(
    id: string,
    type: Type,
    payload: JobEventPayloads[Type],
  ): Promise<JobEvent> {
    const next = await this.#jobs.nextSeq(id);
    if (!next) throw notFound('Job', id);
    const { seq, userId } = next;
    const row = await this.#events.insert({ jobId: id, seq, userId, type, payload });
    await this.#events.notify(row);
    await this.#webhookEvents.insertIfWanted(row);
    return toJobEvent(row);
  }

  async eventsAfter(id: string, after: number): Promise<readonly JobEvent[]> {
    const rows = await this.#events.listAfter(id, after);
    return rows.map(toJobEvent);
  }

  async findStale(before: Date, runningJobs: number): Promise<readonly Job[]> {
    const rows = await this.#jobs.listStale({ before, runningJobs }, STALE_LIMIT);
    return rows.map(toJob);
  }

  async liveOfDeletedUsers(limit: number): Promise<readonly string[]> {
    return this.#jobs.liveOfDeletedUsers(limit);
  }

  async countWaiting(userId: string): Promise<number> {
    return this.#jobs.countPending(userId);
  }
}
