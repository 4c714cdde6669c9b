import type { Principal } from '../domain/user.js';
import type { Call } from '../middlewares/endpoint.js';
import { sendDownload } from '../middlewares/download.js';
import { IdempotentReply } from '../middlewares/idempotent-reply.js';
import { HANDLED, ok, type Reply } from '../middlewares/reply.js';
import type { inferenceOperations } from '../schemas/inference.schema.js';
import type { CreatedJobs, JobEstimate, JobService, JobViewer } from '../services/job.service.js';
import type { NetworkService } from '../services/network.service.js';
import type { ResultService } from '../services/result.service.js';
import type { LinkUserService } from '../services/link-user.service.js';
import type { UserService } from '../services/user.service.js';
import type { WebhookService } from '../services/webhook.service.js';
import { withEndedJobs, type JobWaitingDeps } from './job-waiting.js';
import { presentProgress, zipResultPath, type LinkSigner } from './job.presenter.js';
import { presentEstimate } from './quote.presenter.js';
import { presentResult } from './result.presenter.js';

type Operations = typeof inferenceOperations;

/** Dependencies of {@link InferenceController}. */
export interface InferenceControllerDeps {
  readonly jobs: Pick<JobService, 'create' | 'estimate' | 'get' | 'inputs' | 'queuePosition'>;
  readonly results: Pick<ResultService, 'find' | 'zip'>;
  readonly users: Pick<UserService, 'balance'>;
  readonly networks: Pick<NetworkService, 'requireForTask'>;
  readonly links: LinkSigner;
  readonly waiters: JobWaitingDeps['waiters'];
  readonly linkUsers: Pick<LinkUserService, 'verify'>;
  readonly webhooks: Pick<WebhookService, 'requireUsableUrl'>;
}

const createdJobs = ({ jobs, webhook }: CreatedJobs): Reply => ({
  status: 201,
  body: {
    jobId: jobs.map(({ id }) => id),
    ...(webhook && { webhook: { id: webhook.id, secret: webhook.secret } }),
  },
  headers: jobs.length > 0 ? { Location: `/api/jobs/${jobs[0].id}` } : undefined,
});

/** HTTP handlers that create inference jobs and return their results. */
export class InferenceController {
  readonly #deps: InferenceControllerDeps;

  constructor(deps: InferenceControllerDeps) {
    this.#deps = deps;
  }

  readonly create = async (call: Call<Operations['create']>): Promise<Reply> => {
    const { principal, query, body, receipt } = call;
    if (body.webhook) this.#deps.webhooks.requireUsableUrl(body.webhook.url, '/webhook/url');
    await this.#deps.networks.requireForTask(principal, body);
    if (query.dryRun) return this.#quote(principal, await this.#deps.jobs.estimate({ principal, ...body }));
    const answer = new IdempotentReply(receipt, createdJobs);
    const created = await this.#deps.jobs.create({ principal, ...body, kept: answer.record });
    return withEndedJobs({ reply: answer.of(created), created: created.jobs }, call, this.#deps);
  };

  readonly estimate = async ({ principal, body }: Call<Operations['estimate']>): Promise<Reply> => {
    await this.#deps.networks.requireForTask(principal, body);
    return this.#quote(principal, await this.#deps.jobs.estimate({ principal, ...body }));
  };

  readonly status = async ({ principal, params }: Call<Operations['status']>): Promise<Reply> => {
    const job = await this.#deps.jobs.get(params.id, { principal });
    return ok({
      status: job.status,
      jobId: job.id,
      progress: presentProgress(job),
      queuePosition: await this.#deps.jobs.queuePosition(job),
      failingReason: job.failure?.message ?? null,
      error: job.failure,
    });
  };

  readonly resultJson = async ({ principal, params }: Call<Operations['resultJson']>): Promise<Reply> => {
    const finished = await this.#deps.results.find(params.id, { principal });
    const inputs = await this.#deps.jobs.inputs(finished.job);
    return ok(presentResult(finished, inputs, this.#deps.links));
  };

  readonly resultZip = async (call: Call<Operations['resultZip']>): Promise<typeof HANDLED> => {
    const { params, request, response } = call;
    const finished = await this.#deps.results.find(params.id, await this.#downloader(call));
    const { zipBytes, zipSha256, createdAt } = finished.result;
    await sendDownload(request, response, {
      bytes: zipBytes,
      etag: `"${zipSha256}"`,
      modified: createdAt,
      type: 'application/zip',
      filename: `infernode-${params.id}.zip`,
      read: (range) => this.#deps.results.zip(finished, range),
    });
    return HANDLED;
  };

  /** The user of the bearer token, or the user for whom the signed link was issued. */
  async #downloader(call: Call<Operations['resultZip']>): Promise<JobViewer> {
    const { params, query } = call;
    if (query.signature === undefined) return { principal: call.principal };
    const userId = await this.#deps.linkUsers.verify(zipResultPath(params.id), query);
    return { principal: { userId } };
  }

  async #quote(principal: Principal, estimate: JobEstimate): Promise<Reply> {
    return ok(presentEstimate(estimate, await this.#deps.users.balance(principal.userId)));
  }
}
