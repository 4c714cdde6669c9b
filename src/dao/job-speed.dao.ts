import { Dao } from './dao.js';

/** Median duration of completed jobs of one kind. */
export interface JobSpeedRow {
  readonly kind: string;
  /** Milliseconds per held micro-credit; the price of a unit is the same for all jobs of a kind. */
  readonly msPerMicro: number;
}

/** Waiting jobs of one kind. */
export interface WaitingKindRow {
  readonly kind: string;
  readonly jobs: number;
  readonly heldMicro: number;
}

/** A running job. */
export interface RunningRow {
  readonly kind: string;
  readonly heldMicro: number;
  readonly percent: number;
  readonly elapsedMs: number;
}

/** Jobs whose durations are proportional to their price: same task, network, device and price list. */
const KIND = `concat_ws(' ', task, device_requested, price_preset, price_version, params->>'modelId',
                        params->>'detector', params->>'policy')`;
/** Completed jobs that are measured; older ones may have run on other machines. */
const MEASURED = 500;

/** Durations of jobs, by kind. */
export class JobSpeedDao extends Dao {
  async kindOf(id: string): Promise<string | null> {
    const [row] = await this.rows<{ kind: string }>(
      `SELECT ${KIND} AS kind FROM inference_jobs WHERE id = $id`,
      { id },
    );
    return row?.kind ?? null;
  }

  /** Only jobs that completed at their first attempt are measured. */
  async speeds(): Promise<JobSpeedRow[]> {
    return this.rows<JobSpeedRow>(
      `SELECT ${KIND} AS kind,
              percentile_cont(0.5) WITHIN GROUP (
                ORDER BY extract(epoch FROM finished_at - started_at) * 1000 / held_micro) AS "msPerMicro"
         FROM (SELECT * FROM inference_jobs WHERE status = 'COMPLETED' ORDER BY finished_at DESC LIMIT $limit) AS recent
        WHERE attempt = 1 AND held_micro > 0 AND started_at IS NOT NULL GROUP BY 1`,
      { limit: MEASURED },
    );
  }

  async waiting(): Promise<WaitingKindRow[]> {
    return this.rows<WaitingKindRow>(
      `SELECT ${KIND} AS kind, count(*)::int AS jobs, sum(held_micro)::float8 AS "heldMicro"
         FROM inference_jobs WHERE status = 'PENDING' GROUP BY 1`,
      {},
    );
  }

  async running(): Promise<RunningRow[]> {
    return this.rows<RunningRow>(
      `SELECT ${KIND} AS kind, held_micro::float8 AS "heldMicro",
              COALESCE((progress->>'percent')::float8, 0) AS percent,
              (extract(epoch FROM clock_timestamp() - started_at) * 1000)::float8 AS "elapsedMs"
         FROM inference_jobs WHERE status = 'RUNNING'`,
      {},
    );
  }
}
