import { isTerminal, type Job } from '../domain/job.js';
import type {
  JobSpeedRepository,
  RunningJob,
  WaitingKind,
} from '../domain/repositories/job-speed.repository.js';

/** When a job is expected to start and to end; null while unknown. */
export interface JobTimes {
  readonly startsAt: Date | null;
  readonly endsAt: Date | null;
}

/** Speeds and load of all workers at one time. */
interface Snapshot {
  readonly takenAt: number;
  readonly speeds: ReadonlyMap<string, number>;
  readonly waiting: readonly WaitingKind[];
  readonly running: readonly RunningJob[];
}

/** Age up to which a snapshot is used, so that polling clients cost nothing. */
const SNAPSHOT_AGE_MS = 5_000;
/** Progress from which it tells more than the speeds of other jobs. */
const TELLING_PERCENT = 5;

/**
 * Estimates from the durations of recently completed jobs of the same kind. As many jobs run at the same time as
 * run now.
 */
export class JobTimeService {
  readonly #repository: JobSpeedRepository;
  readonly #now: () => number;
  #snapshot: Promise<Snapshot> | undefined;

  constructor(repository: JobSpeedRepository, now = Date.now) {
    this.#repository = repository;
    this.#now = now;
  }

  /** Times of a job with this place in the queue; null for a job that has ended. */
  async timesOf(job: Job, queuePosition: number | null): Promise<JobTimes | null> {
    if (isTerminal(job.status)) return null;
    const [snapshot, kind] = await Promise.all([this.#current(), this.#repository.kindOf(job.id)]);
    const { speeds } = snapshot;
    const speed = speeds.get(kind ?? '');
    const durationMs = speed === undefined ? null : speed * Number(job.held);
    const now = this.#now();
    if (job.status === 'RUNNING') {
      const elapsedMs = now - (job.startedAt?.getTime() ?? now);
      const leftMs = remainingMs({ percent: job.progress?.percent ?? 0, elapsedMs }, durationMs);
      return { startsAt: job.startedAt, endsAt: leftMs === null ? null : new Date(now + leftMs) };
    }
    const waitMs = waitMsOf(snapshot, queuePosition ?? 0);
    if (waitMs === null) return { startsAt: null, endsAt: null };
    const startsAt = new Date(now + waitMs);
    return { startsAt, endsAt: durationMs === null ? null : new Date(startsAt.getTime() + durationMs) };
  }

  async #current(): Promise<Snapshot> {
    const known = await this.#snapshot?.catch(() => undefined);
    if (known && this.#now() - known.takenAt < SNAPSHOT_AGE_MS) return known;
    this.#snapshot = this.#take();
    return this.#snapshot;
  }

  async #take(): Promise<Snapshot> {
    const [speeds, waiting, running] = await Promise.all([
      this.#repository.speeds(),
      this.#repository.waiting(),
      this.#repository.running(),
    ]);
    return { takenAt: this.#now(), speeds, waiting, running };
  }
}

/** Time until a job starts that has `ahead` jobs before it; null when the speed of running or waiting jobs is unknown. */
function waitMsOf({ speeds, waiting, running }: Snapshot, ahead: number): number | null {
  let workMs = 0;
  for (const { kind, heldMicro, ...state } of running) {
    const speed = speeds.get(kind);
    const leftMs = remainingMs(state, speed === undefined ? null : speed * heldMicro);
    if (leftMs === null) return null;
    workMs += leftMs;
  }
  if (ahead > 0) {
    const meanMs = meanDurationMs(speeds, waiting);
    if (meanMs === null) return null;
    workMs += ahead * meanMs;
  }
  return workMs / Math.max(1, running.length);
}

function meanDurationMs(speeds: Snapshot['speeds'], waiting: readonly WaitingKind[]): number | null {
  const known = waiting.filter(({ kind }) => speeds.has(kind));
  const jobs = known.reduce((sum, one) => sum + one.jobs, 0);
  if (jobs === 0) return null;
  return known.reduce((sum, { kind, heldMicro }) => sum + (speeds.get(kind) ?? 0) * heldMicro, 0) / jobs;
}

function remainingMs(
  { percent, elapsedMs }: Pick<RunningJob, 'percent' | 'elapsedMs'>,
  durationMs: number | null,
): number | null {
  if (percent >= TELLING_PERCENT) return (elapsedMs * (100 - percent)) / percent;
  return durationMs === null ? null : Math.max(0, durationMs - elapsedMs);
}
