import type { MicroCredits } from './money.js';

/**
 * Name of a task. Only `tasks/index.ts` lists the tasks; names are validated where they enter, because a stored row may
 * name a task of a newer version.
 */
export type TaskName = string;

/** All status values of jobs. */
export const JOB_STATUSES = ['PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'ABORTED'] as const;
/** See {@link JOB_STATUSES}. */
export type JobStatus = (typeof JOB_STATUSES)[number];

/** Allowed status transitions; a RUNNING job may be claimed again by another worker. */
const TRANSITIONS: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  PENDING: ['RUNNING', 'FAILED', 'ABORTED'],
  RUNNING: ['RUNNING', 'PENDING', 'COMPLETED', 'FAILED', 'ABORTED'],
  COMPLETED: [],
  FAILED: [],
  ABORTED: [],
};

/** Whether a status is final. */
export function isTerminal(status: JobStatus): boolean {
  return TRANSITIONS[status].length === 0;
}

/** Number of attempts after which a job that keeps failing, or crashing its worker, ends as FAILED. */
export const MAX_ATTEMPTS = 3;

/** Progress of a job; `stage` is a word such as `decode`, `infer` or `report`. */
export interface JobProgress {
  readonly done: number;
  readonly total: number;
  /** 0 to 100, never decreasing within one attempt. */
  readonly percent: number;
  readonly stage: string;
}

/** Devices that can be requested. `auto` tries CUDA, then WebGPU, then the CPU. */
export type DeviceRequest = 'auto' | 'cpu' | 'cuda' | 'webgpu';
/** Devices that networks run on. */
export type DeviceUsed = 'cpu' | 'cuda' | 'webgpu';

/** The requested device, the device used, and the reason when they differ. */
export interface DeviceReport {
  readonly requested: DeviceRequest;
  readonly used: DeviceUsed;
  readonly reason: string;
  readonly attempts: readonly {
    readonly device: DeviceUsed;
    readonly ok: boolean;
    readonly reason: string;
  }[];
}

/** Energy of a job and how it was measured. */
export interface EnergyReport {
  readonly joules: number;
  readonly carbonGrams: number;
  readonly method: 'rapl' | 'nvidia-smi' | 'estimate';
  /** Inputs of the calculation, such as assumed watts and grams per kWh. */
  readonly figures: Readonly<Record<string, number>>;
}

/** Identity of a network, including its content hash. */
export interface NetworkIdentity {
  readonly id: string;
  readonly version: string;
  readonly sha256: string;
}

/** Milliseconds by stage name, e.g. `decodeMs`, `detectMs`, `networkMs`, `totalMs`. */
export type StageTimings = Readonly<Record<string, number>>;

/** Why a job failed. */
export interface JobFailure {
  readonly code: string;
  readonly message: string;
}

/** A file that a job runs on, as it was when the job was created. */
export interface JobInput {
  /** Its name in the task's plan, such as `goal` or `source`. */
  readonly role: string;
  readonly mediaId: string;
  readonly name: string;
  readonly sha256: string;
}

/** One run of a task for one user. */
export interface Job {
  readonly id: string;
  readonly batchId: string;
  readonly userId: string;
  /** Null for a recorded session of live servoing. */
  readonly datasetId: string | null;
  readonly task: TaskName;
  /** Validated parameters of the task, including defaults. */
  readonly params: Readonly<Record<string, unknown>>;
  /** The task's plan (media and frames); only read by the task. */
  readonly plan: Readonly<Record<string, unknown>>;
  readonly status: JobStatus;
  /** Rank among the waiting jobs of the user, -10 to 10; higher first. */
  readonly priority: number;
  /** Number of attempts so far. */
  readonly attempt: number;
  /** Fencing token of the current attempt; only its holder may record a result. */
  readonly fence: string | null;
  readonly leaseExpiresAt: Date | null;
  readonly progress: JobProgress | null;
  /** Number of the last event. */
  readonly seq: number;
  readonly deviceRequested: DeviceRequest;
  readonly device: DeviceReport | null;
  readonly timings: StageTimings | null;
  readonly energy: EnergyReport | null;
  readonly network: NetworkIdentity | null;
  readonly pricePreset: string;
  readonly priceVersion: number;
  readonly held: MicroCredits;
  readonly captured: MicroCredits;
  readonly failure: JobFailure | null;
  /** The job that this job retries, if any. */
  readonly retryOf: string | null;
  /** Seconds after its end for which the result is kept; `null` for no such limit. */
  readonly resultTtlSeconds?: number | null;
  /** When the result was deleted or its time had passed. */
  readonly resultGoneAt?: Date | null;
  /** `null` for jobs of earlier versions. */
  readonly inputs?: readonly JobInput[] | null;
  /** In the trash since. */
  readonly deletedAt?: Date | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}
