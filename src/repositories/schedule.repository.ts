import type { JobScheduleDao } from '../dao/job-schedule.dao.js';
import { MAX_ATTEMPTS } from '../domain/job.js';
import type {
  NextJob,
  PausedTask,
  ScheduleRepository,
  TaskCounts,
} from '../domain/repositories/schedule.repository.js';

/** The order of waiting jobs in PostgreSQL. */
export class PostgresScheduleRepository implements ScheduleRepository {
  readonly #schedule: JobScheduleDao;

  constructor(schedule: JobScheduleDao) {
    this.#schedule = schedule;
  }

  next(runningJobs: number): Promise<NextJob | null> {
    return this.#schedule.next({ maxAttempts: MAX_ATTEMPTS, runningJobs });
  }

  exceedsLimit(userId: string, runningJobs: number): Promise<boolean> {
    return this.#schedule.exceedsLimit(userId, runningJobs);
  }

  waitingOfLimited(userId: string, runningJobs: number): Promise<string | null> {
    return this.#schedule.waitingOfLimited(userId, runningJobs);
  }

  position(jobId: string): Promise<number> {
    return this.#schedule.position(jobId);
  }

  promote(jobId: string): Promise<boolean> {
    return this.#schedule.promote(jobId);
  }

  setPriority(jobId: string, priority: number): Promise<boolean> {
    return this.#schedule.setPriority(jobId, priority);
  }

  pausedTasks(): Promise<readonly PausedTask[]> {
    return this.#schedule.pausedTasks();
  }

  pause(task: Omit<PausedTask, 'pausedAt'>): Promise<void> {
    return this.#schedule.pause(task);
  }

  resume(task: string): Promise<void> {
    return this.#schedule.resume(task);
  }

  counts(): Promise<readonly TaskCounts[]> {
    return this.#schedule.countsByTask();
  }
}
