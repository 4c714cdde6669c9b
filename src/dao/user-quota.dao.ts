import type { UploadReservation } from '../domain/repositories/quota.repository.js';
import { SERVO_TASK } from '../domain/servo-recording.js';
import { Dao } from './dao.js';

/** Limits in a row of `user_limits`; NULL: as in the settings. */
export interface UserLimitsRow {
  readonly storageBytes: number | null;
  readonly uploadBytesPerDay: number | null;
  readonly waitingJobs: number | null;
  readonly runningJobs: number | null;
  readonly requestsPerMinute: number | null;
  readonly weight: number | null;
}

/** Bytes of a user, and the next reset of the uploads of a day. */
export interface UploadUsageRow {
  readonly storageBytes: number;
  readonly uploadedBytes: number;
  readonly reservedBytes: number;
  readonly resetsAt: Date;
}

/** The database's drivers return BIGINT as text. */
type AsText<Row> = { readonly [Name in keyof Row]: Row[Name] extends number ? string : Row[Name] };

const COLUMNS: Readonly<Record<keyof UserLimitsRow, string>> = {
  storageBytes: 'storage_bytes',
  uploadBytesPerDay: 'upload_bytes_per_day',
  waitingJobs: 'waiting_jobs',
  runningJobs: 'running_jobs',
  requestsPerMinute: 'requests_per_minute',
  weight: 'weight',
};

const LIMITS = Object.entries(COLUMNS)
  .map(([name, column]) => `${column}::float8 AS "${name}"`)
  .join(', ');

/** The day of uploads begins at 07:00 UTC, by the clock of the database. */
const DAY = `((clock_timestamp() AT TIME ZONE 'UTC') - interval '7 hours')::date`;
const RESETS_AT = `((${DAY} + 1 + time '07:00') AT TIME ZONE 'UTC')`;
const UPLOADED = `CASE WHEN usage.upload_day = ${DAY} THEN usage.uploaded_bytes ELSE 0 END`;
const LIFETIME_MS = 180_000;
const LIFETIME = `clock_timestamp() + interval '${LIFETIME_MS} milliseconds'`;

const RESERVED = `
  SELECT COALESCE(sum(bytes), 0)::text AS "reservedBytes" FROM upload_reservations
   WHERE user_id = $userId AND expires_at > clock_timestamp() AND id <> $except::uuid`;
/** Recordings whose job has this status; each status has an index of its own. */
const recordedBy = (status: string): string => `
    SELECT recording_bytes FROM inference_jobs AS job JOIN servo_sessions AS session ON session.job_id = job.id
     WHERE job.user_id = $userId AND job.status = '${status}' AND job.task = '${SERVO_TASK}'`;
/** Recordings of live sessions that have not ended, or whose job has not. */
const RECORDED = `(
  SELECT COALESCE(sum(recording_bytes), 0) FROM (
    SELECT recording_bytes FROM servo_sessions WHERE user_id = $userId AND status <> 'ended'
    UNION ALL ${recordedBy('PENDING')}
    UNION ALL ${recordedBy('RUNNING')}) AS recordings)`;
/** A valid id that no reservation has. */
const NO_RESERVATION = '00000000-0000-0000-0000-000000000000';

/** Tables `user_limits`, `user_usage` and `upload_reservations`. */
export class UserQuotaDao extends Dao {
  async limits(userId: string): Promise<UserLimitsRow | null> {
    const [row] = await this.rows<UserLimitsRow>(
      `SELECT ${LIMITS} FROM user_limits WHERE user_id = $userId`,
      { userId },
    );
    return row ?? null;
  }

  async setLimits(userId: string, changes: Partial<UserLimitsRow>): Promise<UserLimitsRow> {
    const names = (Object.keys(COLUMNS) as (keyof UserLimitsRow)[]).filter(
      (name) => changes[name] !== undefined,
    );
    const columns = ['user_id', 'updated_at', ...names.map((name) => COLUMNS[name])];
    const values = ['$userId', 'now()', ...names.map((name) => `$${name}`)];
    const [row] = await this.rows<UserLimitsRow>(
      `INSERT INTO user_limits (${columns.join(', ')}) VALUES (${values.join(', ')})
       ON CONFLICT (user_id) DO UPDATE SET ${columns.map((column) => `${column} = EXCLUDED.${column}`).join(', ')}
       RETURNING ${LIMITS}`,
      { ...changes, userId },
    );
    return row;
  }

  async usage(userId: string): Promise<UploadUsageRow & { waitingJobs: number; runningJobs: number }> {
    type Row = AsText<Omit<UploadUsageRow, 'reservedBytes'>> & { waitingJobs: number; runningJobs: number };
    const [row] = await this.rows<Row>(
      `SELECT (COALESCE(usage.storage_bytes, 0) + ${RECORDED})::text AS "storageBytes",
              COALESCE(${UPLOADED}, 0)::text AS "uploadedBytes", ${RESETS_AT} AS "resetsAt",
              (SELECT count(*) FROM inference_jobs WHERE user_id = $userId AND status = 'PENDING')::int AS "waitingJobs",
              (SELECT count(*) FROM inference_jobs WHERE user_id = $userId AND status = 'RUNNING')::int AS "runningJobs"
         FROM (SELECT 1) AS one LEFT JOIN user_usage AS usage ON usage.user_id = $userId`,
      { userId },
    );
    const { waitingJobs, runningJobs, ...bytes } = row;
    return { ...toUsage(bytes, await this.#reserved(userId, NO_RESERVATION)), waitingJobs, runningJobs };
  }

  /** The row locked until the transaction ends; created if missing. */
  async lockUsage(userId: string, except = NO_RESERVATION): Promise<UploadUsageRow> {
    this.requireTransaction();
    const [row] = await this.rows<AsText<Omit<UploadUsageRow, 'reservedBytes'>>>(
      `INSERT INTO user_usage AS usage (user_id) VALUES ($userId)
       ON CONFLICT (user_id) DO UPDATE SET user_id = EXCLUDED.user_id
       RETURNING (usage.storage_bytes + ${RECORDED})::text AS "storageBytes", (${UPLOADED})::text AS "uploadedBytes",
                 ${RESETS_AT} AS "resetsAt"`,
      { userId },
    );
    return toUsage(row, await this.#reserved(userId, except));
  }

  /** Adds a reservation and removes expired ones of the user. */
  async reserve({ id, userId, bytes, lifetimeMs = LIFETIME_MS }: UploadReservation): Promise<void> {
    await this.rows(
      `WITH expired AS (DELETE FROM upload_reservations WHERE user_id = $userId AND expires_at <= clock_timestamp())
       INSERT INTO upload_reservations (id, user_id, bytes, expires_at) VALUES ($id, $userId, $bytes, clock_timestamp() + $lifetimeMs::bigint * interval '1 millisecond')`,
      { id, userId, bytes, lifetimeMs },
    );
  }

  async renew(ids: readonly string[]): Promise<void> {
    await this.rows(`UPDATE upload_reservations SET expires_at = ${LIFETIME} WHERE id = ANY($ids::uuid[])`, {
      ids: [...ids],
    });
  }

  async release(id: string): Promise<void> {
    await this.rows('DELETE FROM upload_reservations WHERE id = $id', { id });
  }

  async addUploaded(userId: string, bytes: number): Promise<void> {
    await this.rows(
      `UPDATE user_usage AS usage SET uploaded_bytes = ${UPLOADED} + $bytes::bigint, upload_day = ${DAY}
        WHERE usage.user_id = $userId`,
      { userId, bytes },
    );
  }

  async #reserved(userId: string, except: string): Promise<string> {
    const [{ reservedBytes }] = await this.rows<{ reservedBytes: string }>(RESERVED, { userId, except });
    return reservedBytes;
  }
}

function toUsage(
  { storageBytes, uploadedBytes, resetsAt }: AsText<Omit<UploadUsageRow, 'reservedBytes'>>,
  reservedBytes: string,
): UploadUsageRow {
  return {
    storageBytes: Number(storageBytes),
    uploadedBytes: Number(uploadedBytes),
    reservedBytes: Number(reservedBytes),
    resetsAt,
  };
}
