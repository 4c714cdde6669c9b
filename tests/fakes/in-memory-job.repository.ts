import type { JobEvent, JobEventPayloads, JobEventType } from '../../src/domain/job-event.js';
import {
  MAX_ATTEMPTS,
  isTerminal,
  type Job,
  type JobFailure,
  type JobProgress,
} from '../../src/domain/job.js';
import type {
  JobConditions,
  JobFilter,
  JobOutcome,
  JobRepository,
  NewJob,
} from '../../src/domain/repositories/job.repository.js';
import type { Page } from '../../src/domain/repositories/pages.js';
import type { Counted, Slice } from '../../src/domain/listing.js';
import { notFound } from '../../src/errors/common-errors.js';
import { decodeCursor, encodeCursor } from '../../src/repositories/page-cursor.js';
import type { InMemoryStore } from './in-memory-store.js';

const UNSTARTED = {
  status: 'PENDING',
  priority: 0,
  attempt: 0,
  fence: null,
  leaseExpiresAt: null,
  progress: null,
  seq: 0,
  device: null,
  timings: null,
  energy: null,
  network: null,
  captured: 0n,
  failure: null,
  startedAt: null,
  finishedAt: null,
} as const;
const UNCLAIMED = { fence: null, leaseExpiresAt: null };

/** Whether `a` comes before `b` when ordered by age and id. */
function isOlder(a: Pick<Job, 'createdAt' | 'id'>, b: Pick<Job, 'createdAt' | 'id'>): boolean {
  const difference = a.createdAt.getTime() - b.createdAt.getTime();
  return difference < 0 || (difference === 0 && a.id < b.id);
}

function matches(job: Job, filter: JobFilter): boolean {
  const { userId, status, task, datasetId, batchId, createdAfter, createdBefore } = filter;
  return (
    (!userId || job.userId === userId) &&
    (!status?.length || status.includes(job.status)) &&
    (!task || job.task === task) &&
    (!datasetId || job.datasetId === datasetId) &&
    (!batchId || job.batchId === batchId) &&
    (!createdAfter || job.createdAt > createdAfter) &&
    (!createdBefore || job.createdAt < createdBefore)
  );
}

/** Jobs and events in memory. */
export class InMemoryJobRepository implements JobRepository {
  readonly #store: InMemoryStore;

  constructor(store: InMemoryStore) {
    this.#store = store;
  }

  async create(jobs: readonly NewJob[]): Promise<readonly Job[]> {
    const createdAt = this.#store.now();
    return jobs.map((job) => this.#save({ ...UNSTARTED, ...job, createdAt }));
  }

  async findById(id: string): Promise<Job | null> {
    return this.#store.jobs.get(id) ?? null;
  }

  async requireOwned(id: string, userId: string): Promise<Job> {
    const job = this.#store.jobs.get(id);
    if (!job || job.userId !== userId) throw notFound('Job', id);
    return job;
  }

  async lock(id: string): Promise<Job | null> {
    return this.findById(id);
  }

  async liveOfDeletedUsers(limit: number): Promise<readonly string[]> {
    return this.#all()
      .filter((job) => !isTerminal(job.status) && this.#store.ownerOf(job.userId).deleted)
      .map(({ id }) => id)
      .slice(0, limit);
  }

  async countWaiting(userId: string): Promise<number> {
    return this.#all().filter((job) => job.userId === userId && job.status === 'PENDING').length;
  }

  async list(filter: JobFilter): Promise<Page<Job>> {
    const before = filter.cursor === undefined ? undefined : decodeCursor(filter.cursor);
    const found = this.#all()
      .filter((job) => matches(job, filter) && this.#isListed(job, filter))
      .filter((job) => !before || isOlder(job, before))
      .reverse();
    const rows = found.slice(0, filter.limit);
    const last = rows.at(-1);
    return { rows, nextCursor: found.length > filter.limit && last ? encodeCursor(last) : null };
  }

  async page(filter: JobConditions, { offset, limit }: Slice): Promise<Counted<Job>> {
    const found = this.#all()
      .filter((job) => matches(job, { ...filter, limit }) && this.#isListed(job, filter))
      .reverse();
    return { rows: found.slice(offset, offset + limit), total: found.length };
  }

  async claimForRun(id: string, lease: { fence: string; expiresAt: Date }): Promise<Job | null> {
    const job = this.#store.jobs.get(id);
    if (!job || job.attempt >= MAX_ATTEMPTS) return null;
    if (job.status !== 'PENDING' && !this.#isAbandoned(job)) return null;
    return this.#save({
      ...job,
      status: 'RUNNING',
      attempt: job.attempt + 1,
      fence: lease.fence,
      leaseExpiresAt: lease.expiresAt,
      progress: null,
      startedAt: job.startedAt ?? this.#store.now(),
    });
  }

  async renewLease(id: string, fence: string, leaseExpiresAt: Date): Promise<boolean> {
    return this.#changeFenced(id, fence, () => ({ leaseExpiresAt }));
  }

  async requeue(id: string, fence: string, options: { uncounted?: boolean } = {}): Promise<boolean> {
    const taken = options.uncounted ? 1 : 0;
    return this.#changeFenced(id, fence, ({ attempt }) => ({
      status: 'PENDING',
      attempt: attempt - taken,
      ...UNCLAIMED,
    }));
  }

  async complete(id: string, fence: string, outcome: JobOutcome): Promise<Job | null> {
    const finishedAt = this.#store.now();
    const total = this.#store.jobs.get(id)?.progress?.total ?? 1;
    const changed = this.#changeFenced(id, fence, () => ({
      ...outcome,
      status: 'COMPLETED',
      progress: { done: total, total, percent: 100, stage: 'done' },
      finishedAt,
      ...UNCLAIMED,
    }));
    return changed ? this.findById(id) : null;
  }

  async finish(id: string, status: 'FAILED' | 'ABORTED', failure: JobFailure | null): Promise<boolean> {
    const job = this.#store.jobs.get(id);
    if (!job || isTerminal(job.status)) return false;
    this.#save({ ...job, status, failure, finishedAt: this.#store.now(), ...UNCLAIMED });
    return true;
  }

  async setProgress(id: string, fence: string, progress: JobProgress): Promise<boolean> {
    return this.#changeFenced(id, fence, () => ({ progress }));
  }

  async appendEvent<Type extends JobEventType>(
    id: string,
    type: Type,
    payload: JobEventPayloads[Type],
  ): Promise<JobEvent> {
    const job = this.#store.jobs.get(id);
    if (!job) throw notFound('Job', id);
    const { seq, userId } = this.#save({ ...job, seq: job.seq + 1 });
    const event = { jobId: id, userId, seq, type, payload, createdAt: this.#store.now() } as JobEvent;
    this.#store.events.set(`${id} ${seq}`, event);
    return event;
  }

  async eventsAfter(id: string, after: number): Promise<readonly JobEvent[]> {
    return [...this.#store.events.values()].filter((event) => event.jobId === id && event.seq > after);
  }

  async findStale(before: Date): Promise<readonly Job[]> {
    return this.#all().filter(
      (job) => (job.status === 'PENDING' && job.createdAt < before) || this.#isAbandoned(job),
    );
  }

  #isListed({ id, datasetId, userId }: Job, conditions: JobConditions): boolean {
    const { ids, includeDeleted = true, ownerEmailContains = '' } = conditions;
    if (ids && !ids.includes(id)) return false;
    if (!this.#store.ownerOf(userId).email.includes(ownerEmailContains.toLowerCase())) return false;
    if (includeDeleted || datasetId === null) return true;
    return this.#store.datasets.get(datasetId)?.deletedAt === null;
  }

  #isAbandoned({ status, leaseExpiresAt }: Job): boolean {
    return status === 'RUNNING' && leaseExpiresAt !== null && leaseExpiresAt < this.#store.now();
  }

  /** Oldest first. */
  #all(): Job[] {
    return [...this.#store.jobs.values()].sort((a, b) => (isOlder(a, b) ? -1 : 1));
  }

  #save(job: Job): Job {
    this.#store.jobs.set(job.id, job);
    return job;
  }

  #changeFenced(id: string, fence: string, changes: (job: Job) => Partial<Job>): boolean {
    const job = this.#store.jobs.get(id);
    if (job?.status !== 'RUNNING' || job.fence !== fence) return false;
    this.#save({ ...job, ...changes(job) });
    return true;
  }
}
