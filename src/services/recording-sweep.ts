import { isTerminal } from '../domain/job.js';
import type { Repositories } from '../domain/repositories/unit-of-work.js';
import type { RecordingStore, StoredRecording } from '../domain/servo-recording.js';

/** A recording exists a moment before the row of its session. */
const YOUNG_MS = 3_600_000;

/**
 * Removes recordings that nobody needs any more: their job has ended, their session ended without a job, or their session
 * was never created. The rows decide alone, so rounds may be repeated and run in several processes at once.
 */
export class RecordingSweep {
  readonly #recordings: Pick<RecordingStore, 'list' | 'remove'>;
  readonly #read: Pick<Repositories, 'servoSessions' | 'jobs'>;

  constructor(
    recordings: Pick<RecordingStore, 'list' | 'remove'>,
    read: Pick<Repositories, 'servoSessions' | 'jobs'>,
  ) {
    this.#recordings = recordings;
    this.#read = read;
  }

  /** Recordings that are not needed. */
  async find(now = new Date()): Promise<readonly StoredRecording[]> {
    const unneeded: StoredRecording[] = [];
    for (const recording of await this.#recordings.list())
      if (!(await this.#isNeeded(recording, now))) unneeded.push(recording);
    return unneeded;
  }

  /** One round. @returns how many recordings it removed */
  async runOnce(now = new Date()): Promise<number> {
    const unneeded = await this.find(now);
    for (const { sessionId } of unneeded) await this.#recordings.remove(sessionId);
    return unneeded.length;
  }

  async #isNeeded({ sessionId, modifiedAt }: StoredRecording, now: Date): Promise<boolean> {
    const session = await this.#read.servoSessions.findById(sessionId);
    if (!session) return now.getTime() - modifiedAt.getTime() < YOUNG_MS;
    if (session.status !== 'ended') return true;
    const job = session.jobId === null ? null : await this.#read.jobs.findById(session.jobId);
    return job !== null && !isTerminal(job.status);
  }
}
