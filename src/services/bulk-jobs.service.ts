import type { Job } from '../domain/job.js';
import type { JobConditions } from '../domain/repositories/job.repository.js';
import type { Principal } from '../domain/user.js';
import { AppError, messageOf } from '../errors/app-error.js';
import { notFound } from '../errors/common-errors.js';
import type { JobService } from './job.service.js';
import type { NetworkService } from './network.service.js';

/** Which of the caller's jobs are meant, newest first. */
export interface BulkFilter extends Omit<JobConditions, 'userId' | 'ownerEmailContains'> {
  readonly limit: number;
}

/** What became of one job. */
interface BulkResult {
  readonly id: string;
  /** The cancelled job, or the new one of a retry; null when it failed. */
  readonly job: Job | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** What became of the jobs that match a filter. */
export interface BulkOutcome {
  readonly results: readonly BulkResult[];
  /** Whether more jobs match than were handled. */
  readonly hasMore: boolean;
}

/** Dependencies of {@link BulkJobService}. */
export interface BulkJobServiceDeps {
  readonly jobs: Pick<JobService, 'list' | 'cancel' | 'retry'>;
  readonly networks: Pick<NetworkService, 'requireForTask'>;
}

/** Cancels and retries many jobs of a user, one transaction each, so that one failure does not affect others. */
export class BulkJobService {
  readonly #deps: BulkJobServiceDeps;

  constructor(deps: BulkJobServiceDeps) {
    this.#deps = deps;
  }

  /** Cancels PENDING and RUNNING jobs, or those with the statuses of the filter. */
  cancel(principal: Principal, filter: BulkFilter): Promise<BulkOutcome> {
    const { jobs } = this.#deps;
    return this.#each(principal, { status: ['PENDING', 'RUNNING'], ...filter }, ({ id }) =>
      jobs.cancel(id, { principal }),
    );
  }

  /** Retries FAILED and ABORTED jobs, or those with the statuses of the filter. */
  retry(principal: Principal, filter: BulkFilter): Promise<BulkOutcome> {
    const { jobs, networks } = this.#deps;
    return this.#each(principal, { status: ['FAILED', 'ABORTED'], ...filter }, async (job) => {
      await networks.requireForTask(principal, { task: job.task, parameters: job.params });
      return jobs.retry(job.id, { principal });
    });
  }

  async #each(
    principal: Principal,
    filter: BulkFilter,
    change: (job: Job) => Promise<Job>,
  ): Promise<BulkOutcome> {
    // Ids are looked up in any status, so that the report says why one of them cannot be changed.
    const conditions = filter.ids ? { ...filter, status: undefined } : filter;
    const { rows, nextCursor } = await this.#deps.jobs.list({ principal }, conditions);
    const results: BulkResult[] = [];
    for (const job of rows) results.push(await report(job.id, () => change(job)));
    const found = new Set(rows.map(({ id }) => id));
    for (const id of filter.ids ?? []) if (!found.has(id)) results.push(failed(id, notFound('Job', id)));
    return { results, hasMore: nextCursor !== null };
  }
}

async function report(id: string, change: () => Promise<Job>): Promise<BulkResult> {
  try {
    return { id, job: await change(), error: null };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return failed(id, error);
  }
}

function failed(id: string, error: AppError): BulkResult {
  return { id, job: null, error: { code: error.code, message: messageOf(error) } };
}
