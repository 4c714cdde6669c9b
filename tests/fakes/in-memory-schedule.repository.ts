import { MAX_ATTEMPTS, type Job } from '../../src/domain/job.js';
import type {
  NextJob,
  PausedTask,
  ScheduleRepository,
  TaskCounts,
} from '../../src/domain/repositories/schedule.repository.js';
import type { InMemoryStore } from './in-memory-store.js';

/** The order of waiting jobs of one user in memory; the turns of users need the database. */
export class InMemoryScheduleRepository implements ScheduleRepository {
  readonly #store: InMemoryStore;
  readonly #paused = new Map<string, PausedTask>();
  readonly #promoted = new Set<string>();

  constructor(store: InMemoryStore) {
    this.#store = store;
  }

  async next(runningJobs: number): Promise<NextJob | null> {
    const job = this.#lost() ?? this.#order().find((waiting) => this.#mayStart(waiting, runningJobs));
    return job ? { id: job.id, userId: job.userId, limited: runningJobs > 0 } : null;
  }

  async exceedsLimit(userId: string, runningJobs: number): Promise<boolean> {
    return this.#running(userId) > runningJobs;
  }

  async waitingOfLimited(userId: string, runningJobs: number): Promise<string | null> {
    return runningJobs > 0 ? (this.#order().find((job) => job.userId === userId)?.id ?? null) : null;
  }

  async position(jobId: string): Promise<number> {
    return Math.max(
      0,
      this.#order().findIndex(({ id }) => id === jobId),
    );
  }

  async promote(jobId: string): Promise<boolean> {
    if (this.#store.jobs.get(jobId)?.status !== 'PENDING') return false;
    this.#promoted.add(jobId);
    return true;
  }

  async setPriority(jobId: string, priority: number): Promise<boolean> {
    const job = this.#store.jobs.get(jobId);
    if (job?.status !== 'PENDING') return false;
    this.#store.jobs.set(jobId, { ...job, priority });
    return true;
  }

  async pausedTasks(): Promise<readonly PausedTask[]> {
    return [...this.#paused.values()];
  }

  async pause(task: Omit<PausedTask, 'pausedAt'>): Promise<void> {
    this.#paused.set(task.task, { ...task, pausedAt: this.#store.now() });
  }

  async resume(task: string): Promise<void> {
    this.#paused.delete(task);
  }

  async counts(): Promise<readonly TaskCounts[]> {
    const jobs = [...this.#store.jobs.values()];
    return [...new Set(jobs.map(({ task }) => task))].map((task) => ({
      task,
      waiting: jobs.filter((job) => job.task === task && job.status === 'PENDING').length,
      running: jobs.filter((job) => job.task === task && job.status === 'RUNNING').length,
    }));
  }

  /** Promoted jobs first, then by priority and age. */
  #order(): Job[] {
    const rank = ({ id, priority }: Job) => (this.#promoted.has(id) ? 11 : priority);
    return [...this.#store.jobs.values()]
      .filter(({ status }) => status === 'PENDING')
      .sort((a, b) => rank(b) - rank(a) || (isOlder(a, b) ? -1 : 1));
  }

  #lost(): Job | undefined {
    const now = this.#store.now();
    return [...this.#store.jobs.values()].find(
      ({ status, leaseExpiresAt, attempt }) =>
        status === 'RUNNING' && leaseExpiresAt !== null && leaseExpiresAt < now && attempt < MAX_ATTEMPTS,
    );
  }

  #mayStart({ task, userId, attempt }: Job, runningJobs: number): boolean {
    const atLimit = runningJobs > 0 && this.#running(userId) >= runningJobs;
    return attempt < MAX_ATTEMPTS && !this.#paused.has(task) && !atLimit;
  }

  #running(userId: string): number {
    return [...this.#store.jobs.values()].filter((job) => job.userId === userId && job.status === 'RUNNING')
      .length;
  }
}

function isOlder(a: Job, b: Job): boolean {
  const difference = a.createdAt.getTime() - b.createdAt.getTime();
  return difference < 0 || (difference === 0 && a.id < b.id);
}
