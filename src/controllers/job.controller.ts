import { isoOrNull } from '../domain/iso-time.js';
import type { Call } from '../middlewares/endpoint.js';
import { IdempotentReply } from '../middlewares/idempotent-reply.js';
import { created, HANDLED, ok, whileConnected, type Reply } from '../middlewares/reply.js';
import type { jobOperations } from '../schemas/job.schema.js';
import type { JobTimeService } from '../services/job-time.service.js';
import type { JobService } from '../services/job.service.js';
import type { NetworkService } from '../services/network.service.js';
import type { Job } from '../domain/job.js';
import { presentJob, type LinkSigner } from './job.presenter.js';
import { APPLIED_HEADER, preferredWait } from '../middlewares/prefer.js';
import type { JobStreams } from '../realtime/job-streams.js';
import type { JobWaiters } from '../realtime/job-waiters.js';
import { withEndedJob } from './job-waiting.js';
import { nextLink } from './next-link.js';

type Operations = typeof jobOperations;

/** Polling interval suggested to clients, in seconds. */
const POLL_SECONDS = '2';

/** Dependencies of {@link JobController}. */
export interface JobControllerDeps {
  readonly jobs: Pick<
    JobService,
    'list' | 'get' | 'inputs' | 'queuePosition' | 'cancel' | 'requireRetryable' | 'retry'
  >;
  readonly networks: Pick<NetworkService, 'requireForTask'>;
  readonly streams: JobStreams;
  readonly times: Pick<JobTimeService, 'timesOf'>;
  readonly waiters: Pick<JobWaiters, 'untilEnded'>;
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

  readonly get = async (call: Call<Operations['get']>): Promise<Reply> => {
    const { principal, credential, params, query, request, response } = call;
    const { jobs, waiters } = this.#deps;
    const seconds = query.wait ?? preferredWait(request);
    let job = await jobs.get(params.id, { principal });
    const wait = { userId: principal.userId, seconds, signal: whileConnected(response) };
    const waited = seconds > 0 && (await waiters.untilEnded([job], wait));
    // The credential may have ended during the wait.
    if (waited) await credential.check();
    if (waited && job.finishedAt === null) job = await jobs.get(params.id, { principal });
    const followed = waited && query.wait === undefined;
    const shown = await this.#present(job);
    const times = await this.#deps.times.timesOf(job, shown.queuePosition);
    const estimate = times && { startsAt: isoOrNull(times.startsAt), endsAt: isoOrNull(times.endsAt) };
    return ok(
      { ...shown, inputs: await jobs.inputs(job), estimate },
      {
        ...(job.finishedAt === null && { 'Retry-After': POLL_SECONDS }),
        ...(followed && { [APPLIED_HEADER]: `wait=${seconds}` }),
      },
    );
  };

  readonly cancel = async ({ principal, params }: Call<Operations['cancel']>): Promise<Reply> => {
    const job = await this.#deps.jobs.cancel(params.id, { principal });
    return { status: 202, body: await this.#present(job) };
  };

  readonly retry = async (call: Call<Operations['retry']>): Promise<Reply> => {
    const { principal, params, receipt } = call;
    const answer = new IdempotentReply(receipt, (job: Job) =>
      created(presentJob({ job, queuePosition: null }, this.#deps.links), `/api/jobs/${job.id}`),
    );
    const { task, params: parameters } = await this.#deps.jobs.requireRetryable(params.id, { principal });
    await this.#deps.networks.requireForTask(principal, { task, parameters });
    const job = await this.#deps.jobs.retry(params.id, { principal }, answer.record);
    return withEndedJob({ reply: answer.of(job), created: job }, call, this.#deps);
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
