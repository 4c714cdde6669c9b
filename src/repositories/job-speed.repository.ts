import type { JobSpeedDao } from '../dao/job-speed.dao.js';
import type {
  JobSpeedRepository,
  RunningJob,
  WaitingKind,
} from '../domain/repositories/job-speed.repository.js';

/** Durations of jobs in PostgreSQL. */
export class PostgresJobSpeedRepository implements JobSpeedRepository {
  readonly #speeds: JobSpeedDao;

  constructor(speeds: JobSpeedDao) {
    this.#speeds = speeds;
  }

  kindOf(jobId: string): Promise<string | null> {
    return this.#speeds.kindOf(jobId);
  }

  async speeds(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#speeds.speeds();
    return new Map(rows.map(({ kind, msPerMicro }) => [kind, msPerMicro]));
  }

  waiting(): Promise<readonly WaitingKind[]> {
    return this.#speeds.waiting();
  }

  running(): Promise<readonly RunningJob[]> {
    return this.#speeds.running();
  }
}
