import type { Call } from '../middlewares/endpoint.js';
import { IdempotentReply } from '../middlewares/idempotent-reply.js';
import { created, HANDLED, ok, type Reply } from '../middlewares/reply.js';
import type { jobOperations } from '../schemas/job.schema.js';
import type { JobService } from '../services/job.service.js';
import type { NetworkService } from '../services/network.service.js';
import type { Job } from '../domain/job.js';
import type { EventStreams } from '../realtime/event-stream.js';
import { presentJob, type LinkSigner } from './job.presenter.js';
import { nextLink } from './next-link.js';

type Operations = typeof jobOperations;

/** Polling interval suggested to clients, in seconds. */
const POLL_SECONDS = '2';

/** Dependencies of {@link JobController}. */
export interface JobControllerDeps {
  readonly jobs: Pick<JobService, 'list' | 'get' | 'queuePosition' | 'cancel' | 'requireRetryable' | 'retry'>;
  readonly networks: Pick<NetworkService, 'requireForTask'>;
  readonly streams: EventStreams;
  readonly links: LinkSigner;
}

/** HTTP handlers of jobs. */
export class JobController {
  readonly #deps: JobControllerDeps;

  constructor(deps: JobControllerDeps) {
    this.#deps = deps;
  }

  readonly list = async ({ principal, query, request }: Call<Operations['list']>): Promise<Reply> => {
    const { createdAfter, createdBefore, ...filter } = query;
    const page = await this.#deps.jobs.list(
      { principal },
      {
        ...filter,
        createdAfter: createdAfter === undefined ? undefined : new Date(createdAfter),
        createdBefore: createdBefore === undefined ? undefined : new Date(createdBefore),
      },
    );
    const data = await Promise.all(page.rows.map((job) => this.#present(job)));
    const { nextCursor } = page;
    const headers = nextCursor === null ? undefined : { Link: nextLink(request.originalUrl, nextCursor) };
    return ok({ data, nextCursor, hasMore: nextCursor !== null }, headers);
  };

  readonly get = async ({ principal, params }: Call<Operations['get']>): Promise<Reply> => {
    const job = await this.#deps.jobs.get(params.id, { principal });
    const running = job.finishedAt === null;
    return ok(await this.#present(job), running ? { 'Retry-After': POLL_SECONDS } : undefined);
  };

  readonly cancel = async ({ principal, params }: Call<Operations['cancel']>): Promise<Reply> => {
    const job = await this.#deps.jobs.cancel(params.id, { principal });
    return { status: 202, body: await this.#present(job) };
  };

  readonly retry = async ({ principal, params, receipt }: Call<Operations['retry']>): Promise<Reply> => {
    const answer = new IdempotentReply(receipt, (job: Job) =>
      created(presentJob({ job, queuePosition: null }, this.#deps.links), `/api/jobs/${job.id}`),
    );
    const { task, params: parameters } = await this.#deps.jobs.requireRetryable(params.id, { principal });
    await this.#deps.networks.requireForTask({ task, parameters });
    return answer.of(await this.#deps.jobs.retry(params.id, { principal }, answer.record));
  };

  readonly events = async (call: Call<Operations['events']>): Promise<Reply | typeof HANDLED> => {
    const { principal, credential, params, request, response } = call;
    const job = await this.#deps.jobs.get(params.id, { principal });
    const lastSeen = Number(request.get('last-event-id') ?? '0');
    const after = Number.isSafeInteger(lastSeen) && lastSeen > 0 ? lastSeen : 0;
    // 204 is the only status at which an EventSource stops reconnecting.
    if (job.finishedAt !== null && after >= job.seq) return { status: 204 };
    const snapshot = await this.#present(job);
    await this.#deps.streams.follow(response, { credential, job, after, snapshot });
    return HANDLED;
  };

  async #present(job: Job) {
    return presentJob({ job, queuePosition: await this.#deps.jobs.queuePosition(job) }, this.#deps.links);
  }
}
