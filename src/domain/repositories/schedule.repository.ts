import type { TaskName } from '../job.js';

/** Bounds of the priority of a job among the jobs of its user. */
export const PRIORITY = { min: -10, max: 10, usual: 0 } as const;

/** The job that starts next. */
export interface NextJob {
  readonly id: string;
  readonly userId: string;
  /** Whether a limit of running jobs applies to the user. */
  readonly limited: boolean;
}

/** A task whose waiting jobs are not started. */
export interface PausedTask {
  readonly task: TaskName;
  /** Whether new jobs are accepted; they wait. */
  readonly acceptsJobs: boolean;
  readonly reason: string | null;
  readonly pausedAt: Date;
}

/** Numbers of jobs of a task. */
export interface TaskCounts {
  readonly task: TaskName;
  readonly waiting: number;
  readonly running: number;
}

/**
 * Which waiting job starts next: users take turns according to their weights; among the jobs of a user priority
 * decides, then age. The same for all queue backends, because the claim in the database chooses.
 */
export interface ScheduleRepository {
  /**
   * Chooses and locks the job to start: one whose worker was lost, otherwise the next in order. Jobs of paused tasks,
   * of deleted users and of users at their limit are not started; `null` when there is none. Needs a transaction.
   * @param runningJobs running jobs per user without a limit of their own; 0 for no limit
   */
  next(runningJobs: number): Promise<NextJob | null>;
  /** Whether a user runs more jobs than allowed, counted exactly also while others claim. Needs a transaction. */
  exceedsLimit(userId: string, runningJobs: number): Promise<boolean>;
  /** A waiting job of a user to whom a limit of running jobs applies; `null` for other users. */
  waitingOfLimited(userId: string, runningJobs: number): Promise<string | null>;
  /** Number of waiting jobs that start before this one; 0 when it does not wait. */
  position(jobId: string): Promise<number>;
  /** Makes a waiting job the next one; false when it does not wait. */
  promote(jobId: string): Promise<boolean>;
  /** Changes the priority of a waiting job; false when it does not wait. */
  setPriority(jobId: string, priority: number): Promise<boolean>;
  pausedTasks(): Promise<readonly PausedTask[]>;
  pause(task: Omit<PausedTask, 'pausedAt'>): Promise<void>;
  /** Needs a transaction. */
  resume(task: TaskName): Promise<void>;
  /** Tasks with waiting or running jobs. */
  counts(): Promise<readonly TaskCounts[]>;
}
