import type pg from 'pg';
import { z } from 'zod';

/** Notification channel of control messages to all workers. */
export const JOB_CONTROL_CHANNEL = 'job_control';

const controlMessage = z.object({ type: z.literal('cancel'), jobId: z.uuid() });

/** Notifies all workers that a job's row was changed by someone else. */
export interface JobControl {
  /** Best effort: workers also notice at the next lease renewal. Never throws. */
  announceCancel(jobId: string): Promise<void>;
}

/** Sends control messages as PostgreSQL notifications. */
export class PostgresJobControl implements JobControl {
  readonly #pool: pg.Pool;
  readonly #onError: (error: unknown) => void;

  constructor(pool: pg.Pool, onError: (error: unknown) => void) {
    this.#pool = pool;
    this.#onError = onError;
  }

  async announceCancel(jobId: string): Promise<void> {
    const message = JSON.stringify({ type: 'cancel', jobId });
    await this.#pool.query('SELECT pg_notify($1, $2)', [JOB_CONTROL_CHANNEL, message]).catch(this.#onError);
  }
}

/** The job that a control message cancels; undefined for any other payload. */
export function parseCancel(payload: string): string | undefined {
  try {
    return controlMessage.safeParse(JSON.parse(payload)).data?.jobId;
  } catch {
    return undefined;
  }
}
