import type { Job, TaskName } from '../domain/job.js';
import type { PausedTask, TaskCounts } from '../domain/repositories/schedule.repository.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import { AppError } from '../errors/app-error.js';
import { notFound } from '../errors/common-errors.js';
import { findVisibleJob, type JobViewer } from './job.service.js';

/** A task with its numbers of jobs, and since when and why it is paused. */
export interface TaskState extends TaskCounts {
  readonly paused: PausedTask | null;
}

/** Changes the order in which waiting jobs start. */
export class JobOrderService {
  readonly #unitOfWork: UnitOfWork;
  readonly #tasks: readonly TaskName[];

  constructor(unitOfWork: UnitOfWork, tasks: readonly TaskName[]) {
    this.#unitOfWork = unitOfWork;
    this.#tasks = tasks;
  }

  /** @throws AppError NOT_FOUND, JOB_NOT_WAITING (conflict). */
  async setPriority(id: string, viewer: JobViewer, priority: number): Promise<Job> {
    return this.#unitOfWork.run(async (scope) => {
      const job = await findVisibleJob(scope, id, viewer);
      if (!(await scope.schedule.setPriority(id, priority))) throw jobNotWaiting(job);
      return { ...job, priority };
    });
  }

  /** Makes a waiting job the next one of all users. @throws AppError NOT_FOUND, JOB_NOT_WAITING (conflict). */
  async promote(id: string): Promise<Job> {
    return this.#unitOfWork.run(async ({ jobs, schedule }) => {
      const job = await jobs.findById(id);
      if (!job) throw notFound('Job', id);
      if (!(await schedule.promote(id))) throw jobNotWaiting(job);
      return job;
    });
  }

  /** All tasks, also those without jobs. */
  async tasks(): Promise<readonly TaskState[]> {
    const { schedule } = this.#unitOfWork.read;
    const [paused, counts] = await Promise.all([schedule.pausedTasks(), schedule.counts()]);
    return this.#tasks.map((task) => ({
      ...(counts.find((count) => count.task === task) ?? { task, waiting: 0, running: 0 }),
      paused: paused.find((pause) => pause.task === task) ?? null,
    }));
  }

  /** No job of the task is started any more; running ones go on. Repeating it changes the details. */
  async pause(pause: Omit<PausedTask, 'pausedAt'>): Promise<TaskState> {
    await this.#unitOfWork.run(({ schedule }) => schedule.pause(pause));
    return this.#state(pause.task);
  }

  /** No effect when the task is not paused. Waiting jobs start within seconds. */
  async resume(task: TaskName): Promise<TaskState> {
    await this.#unitOfWork.run(({ schedule }) => schedule.resume(task));
    return this.#state(task);
  }

  async #state(name: TaskName): Promise<TaskState> {
    const state = (await this.tasks()).find(({ task }) => task === name);
    if (!state) throw notFound('Task', name);
    return state;
  }
}

function jobNotWaiting({ id, status }: Job): AppError {
  const message = `Job ${id} is ${status} and does not wait any more.`;
  return new AppError('JOB_NOT_WAITING', { message, details: { status } });
}
