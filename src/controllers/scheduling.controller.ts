import type { Call } from '../middlewares/endpoint.js';
import { ok, type Reply } from '../middlewares/reply.js';
import type { schedulingOperations } from '../schemas/scheduling.schema.js';
import type { JobOrderService, TaskState } from '../services/job-order.service.js';
import type { JobService } from '../services/job.service.js';
import { presentJob, type LinkSigner } from './job.presenter.js';

type Operations = typeof schedulingOperations;

function presentTask({ task, waiting, running, paused }: TaskState) {
  return {
    task,
    waiting,
    running,
    paused: paused && {
      acceptsJobs: paused.acceptsJobs,
      reason: paused.reason,
      pausedAt: paused.pausedAt.toISOString(),
    },
  };
}

/** Dependencies of {@link SchedulingController}. */
export interface SchedulingControllerDeps {
  readonly order: Pick<JobOrderService, 'setPriority' | 'promote' | 'tasks' | 'pause' | 'resume'>;
  readonly jobs: Pick<JobService, 'queuePosition'>;
  readonly links: LinkSigner;
}

/** HTTP handlers that change the order of waiting jobs and pause tasks. */
export class SchedulingController {
  readonly #deps: SchedulingControllerDeps;

  constructor(deps: SchedulingControllerDeps) {
    this.#deps = deps;
  }

  readonly setPriority = async (call: Call<Operations['setPriority']>): Promise<Reply> => {
    const { principal, params, body } = call;
    const { order, jobs, links } = this.#deps;
    const job = await order.setPriority(params.id, { principal }, body.priority);
    return ok(presentJob({ job, queuePosition: await jobs.queuePosition(job) }, links));
  };

  readonly promote = async ({ params }: Call<Operations['promote']>): Promise<Reply> => {
    const job = await this.#deps.order.promote(params.id);
    const data = { jobId: job.id, queuePosition: await this.#deps.jobs.queuePosition(job) };
    return ok({ success: true, message: 'The job is the next one to start', data });
  };

  readonly tasks = async (_call: Call<Operations['tasks']>): Promise<Reply> => {
    const tasks = (await this.#deps.order.tasks()).map(presentTask);
    return ok({ success: true, message: 'Tasks retrieved successfully', data: { tasks } });
  };

  readonly pause = async ({ params, body }: Call<Operations['pause']>): Promise<Reply> => {
    const { acceptJobs: acceptsJobs, reason = null } = body;
    const state = await this.#deps.order.pause({ task: params.task, acceptsJobs, reason });
    return ok({ success: true, message: 'The task is paused', data: { task: presentTask(state) } });
  };

  readonly resume = async ({ params }: Call<Operations['resume']>): Promise<Reply> => {
    const state = await this.#deps.order.resume(params.task);
    return ok({ success: true, message: 'The task is resumed', data: { task: presentTask(state) } });
  };
}
