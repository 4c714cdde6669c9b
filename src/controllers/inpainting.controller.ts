import type { Request } from 'express';
import type { Job } from '../domain/job.js';
import { notFound } from '../errors/common-errors.js';
import { sendDownload } from '../middlewares/download.js';
import type { Call } from '../middlewares/endpoint.js';
import { IdempotentReply } from '../middlewares/idempotent-reply.js';
import { HANDLED, ok, type Reply } from '../middlewares/reply.js';
import type { inpaintingOperations } from '../schemas/inpainting.schema.js';
import type { DatasetService } from '../services/dataset.service.js';
import type { CreatedJobs, JobEstimate, JobService } from '../services/job.service.js';
import type { NetworkService } from '../services/network.service.js';
import type { ResultService } from '../services/result.service.js';
import type { LinkUserService } from '../services/link-user.service.js';
import type { UserService } from '../services/user.service.js';
import { inpaintingTask } from '../tasks/inpainting/task.js';
import {
  modelIdOf,
  presentInpaintingResults,
  resultFilePath,
  updatedAtOf,
  type SignPath,
} from './inpainting.presenter.js';
import { withEndedJobs, type JobWaitingDeps } from './job-waiting.js';
import { presentJob, type LinkSigner } from './job.presenter.js';
import { pageFactsOf, sliceOf } from './page.presenter.js';
import type { PublicLinks } from './public-links.js';
import { presentEstimate } from './quote.presenter.js';

type Operations = typeof inpaintingOperations;

/** Dependencies of {@link InpaintingController}. */
export interface InpaintingControllerDeps {
  readonly jobs: Pick<JobService, 'create' | 'estimate' | 'get' | 'page' | 'queuePosition'>;
  readonly results: Pick<ResultService, 'find' | 'file'>;
  readonly networks: Pick<NetworkService, 'requireForTask'>;
  readonly datasets: Pick<DatasetService, 'getByName' | 'namesOf'>;
  readonly users: Pick<UserService, 'balance'>;
  readonly links: PublicLinks;
  readonly signatures: LinkSigner;
  readonly waiters: JobWaitingDeps['waiters'];
  readonly linkUsers: Pick<LinkUserService, 'verify'>;
}

/** HTTP handlers of inpainting jobs, for the compatibility routes. */
export class InpaintingController {
  readonly #deps: InpaintingControllerDeps;

  constructor(deps: InpaintingControllerDeps) {
    this.#deps = deps;
  }

  readonly create = async (call: Call<Operations['create']>): Promise<Reply> => {
    const { principal, query, body, receipt } = call;
    const { dataset } = await this.#deps.datasets.getByName(principal, body.datasetName);
    const request = {
      principal,
      task: inpaintingTask.name,
      datasetId: dataset.id,
      parameters: { ...body.parameters, modelId: body.modelId },
      range: body.range,
      priority: body.priority,
      expiresIn: body.expiresIn,
    };
    await this.#deps.networks.requireForTask(principal, request);
    if (query.dryRun) return this.#quote(principal.userId, await this.#deps.jobs.estimate(request));
    const answer = new IdempotentReply(receipt, ({ jobs: [job] }: CreatedJobs) => ({
      status: 201,
      headers: { Location: `/api/inferences/${job.id}` },
      body: {
        success: true,
        message: 'Inference created and queued successfully',
        inference: {
          id: job.id,
          status: job.status,
          modelId: modelIdOf(job),
          datasetName: dataset.name,
          createdAt: job.createdAt.toISOString(),
        },
        jobId: job.id,
      },
    }));
    const created = await this.#deps.jobs.create({ ...request, kept: answer.record });
    const { jobs, waiters, signatures: links } = this.#deps;
    return withEndedJobs({ reply: answer.of(created), created: created.jobs }, call, {
      jobs,
      waiters,
      links,
    });
  };

  readonly status = async ({ principal, params, request }: Call<Operations['status']>): Promise<Reply> => {
    const job = await this.#requireInpainting(params.jobId, principal);
    const done = job.status === 'COMPLETED';
    const finished = done && !job.resultGoneAt ? await this.#deps.results.find(job.id, { principal }) : null;
    const data = {
      jobId: job.id,
      status: job.status,
      progress: done ? 100 : (job.progress?.percent ?? 0),
      stage: done ? null : (job.progress?.stage ?? null),
      queuePosition: await this.#deps.jobs.queuePosition(job),
      result: finished && presentInpaintingResults(finished, this.#signer(request, job)),
      error: job.failure,
    };
    return ok({ success: true, message: 'Job status retrieved successfully', data });
  };

  readonly list = async ({ principal, query }: Call<Operations['list']>): Promise<Reply> => {
    const { status, includeDeleted } = query;
    const filter = { task: inpaintingTask.name, status, includeDeleted };
    const { rows, total } = await this.#deps.jobs.page({ principal }, filter, sliceOf(query));
    const names = await this.#deps.datasets.namesOf(rows.flatMap(datasetIdOf));
    const data = await Promise.all(rows.map((job) => this.#present(job, names)));
    return ok({
      success: true,
      message: 'Inferences retrieved successfully',
      data,
      ...pageFactsOf(query, total),
    });
  };

  readonly get = async ({ principal, params }: Call<Operations['get']>): Promise<Reply> => {
    const job = await this.#requireInpainting(params.id, principal);
    const names = await this.#deps.datasets.namesOf(datasetIdOf(job));
    const data = await this.#present(job, names);
    return ok({ success: true, message: 'Inference retrieved successfully', data });
  };

  readonly results = async ({ principal, params, request }: Call<Operations['results']>): Promise<Reply> => {
    const job = await this.#requireInpainting(params.id, principal);
    const finished = await this.#deps.results.find(job.id, { principal });
    const data = presentInpaintingResults(finished, this.#signer(request, job));
    return ok({ success: true, message: 'Inference results retrieved successfully', data });
  };

  readonly download = async (call: Call<Operations['download']>): Promise<typeof HANDLED> => {
    const { params, query, request, response } = call;
    const finished = await this.#deps.results.find(params.id, {
      principal: { userId: await this.#viewer(call) },
    });
    const file = this.#deps.results.file(finished, params.filename);
    await sendDownload(request, response, {
      bytes: file.bytes,
      etag: `"${file.sha256}"`,
      modified: finished.result.createdAt,
      type: file.type,
      filename: file.name,
      inline: !query.download,
      read: (range) => file.read(range),
    });
    return HANDLED;
  };

  /** Answers NOT_FOUND for jobs of other tasks, which have their own routes. */
  async #requireInpainting(id: string, principal: Call<Operations['get']>['principal']): Promise<Job> {
    const job = await this.#deps.jobs.get(id, { principal });
    if (job.task !== inpaintingTask.name) throw notFound('Inference', id);
    return job;
  }

  async #present(job: Job, names: ReadonlyMap<string, string>) {
    const queuePosition = await this.#deps.jobs.queuePosition(job);
    return {
      ...presentJob({ job, queuePosition }, this.#deps.signatures),
      modelId: modelIdOf(job),
      datasetName: names.get(job.datasetId ?? '') ?? null,
      updatedAt: updatedAtOf(job),
    };
  }

  #signer(request: Request, { userId }: Job): SignPath {
    return (path) => this.#deps.links.sign(request, path, { userId });
  }

  /** The user of the bearer token, or the user for whom the signed link was issued. */
  async #viewer(call: Call<Operations['download']>): Promise<string> {
    const { params, query } = call;
    if (query.signature === undefined) return call.principal.userId;
    return this.#deps.linkUsers.verify(resultFilePath(params.id, params.filename), query);
  }

  async #quote(userId: string, estimate: JobEstimate): Promise<Reply> {
    return ok(presentEstimate(estimate, await this.#deps.users.balance(userId)));
  }
}

/** The dataset's id, as a list; every inpainting job has one. */
const datasetIdOf = ({ datasetId }: Job): string[] => (datasetId === null ? [] : [datasetId]);
