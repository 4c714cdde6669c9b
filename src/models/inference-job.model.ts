import { DataTypes, type Model, type ModelStatic, type Optional, type Sequelize } from 'sequelize';
import type {
  DeviceReport,
  DeviceRequest,
  EnergyReport,
  JobInput,
  JobProgress,
  JobStatus,
  NetworkIdentity,
  StageTimings,
  TaskName,
} from '../domain/job.js';
import { microColumn, tableOptions } from './column-types.js';

/** Row of `inference_jobs`. */
export interface InferenceJobRow {
  id: string;
  batchId: string;
  userId: string;
  datasetId: string | null;
  task: TaskName;
  params: Readonly<Record<string, unknown>>;
  plan: Readonly<Record<string, unknown>>;
  status: JobStatus;
  priority: number;
  attempt: number;
  fence: string | null;
  leaseExpiresAt: Date | null;
  progress: JobProgress | null;
  seq: number;
  deviceRequested: DeviceRequest;
  device: DeviceReport | null;
  timings: StageTimings | null;
  energy: EnergyReport | null;
  network: NetworkIdentity | null;
  pricePreset: string;
  priceVersion: number;
  heldMicro: bigint;
  capturedMicro: bigint;
  failureCode: string | null;
  failureMessage: string | null;
  retryOf: string | null;
  resultTtlSeconds: number | null;
  /** When the result was deleted or removed. */
  resultGoneAt: Date | null;
  inputs: readonly JobInput[] | null;
  /** In the trash since. */
  deletedAt: Date | null;
  /** Earliest time of the next attempt. */
  notBefore: Date | null;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
}

/** Columns that only a running or finished job has, or that have defaults. */
type LaterColumns =
  | 'status'
  | 'priority'
  | 'attempt'
  | 'fence'
  | 'leaseExpiresAt'
  | 'progress'
  | 'seq'
  | 'device'
  | 'timings'
  | 'energy'
  | 'network'
  | 'capturedMicro'
  | 'failureCode'
  | 'failureMessage'
  | 'createdAt'
  | 'startedAt'
  | 'finishedAt'
  | 'notBefore'
  | 'resultTtlSeconds'
  | 'resultGoneAt'
  | 'inputs'
  | 'deletedAt';

/** What an insert must give; the rest has defaults. */
export type NewInferenceJobRow = Optional<InferenceJobRow, LaterColumns>;

/** Sequelize class of `inference_jobs`. */
export type InferenceJobModel = ModelStatic<Model<InferenceJobRow, NewInferenceJobRow>>;

/** Defines `inference_jobs` on `sequelize`. */
export function defineInferenceJobModel(sequelize: Sequelize): InferenceJobModel {
  return sequelize.define(
    'InferenceJob',
    {
      id: { type: DataTypes.UUID, primaryKey: true },
      batchId: DataTypes.UUID,
      userId: DataTypes.UUID,
      datasetId: DataTypes.UUID,
      task: DataTypes.STRING,
      params: DataTypes.JSON,
      plan: DataTypes.JSON,
      status: DataTypes.STRING,
      priority: DataTypes.SMALLINT,
      attempt: DataTypes.INTEGER,
      fence: DataTypes.UUID,
      leaseExpiresAt: DataTypes.DATE,
      progress: DataTypes.JSON,
      seq: DataTypes.INTEGER,
      deviceRequested: DataTypes.STRING,
      device: DataTypes.JSON,
      timings: DataTypes.JSON,
      energy: DataTypes.JSON,
      network: DataTypes.JSON,
      pricePreset: DataTypes.STRING,
      priceVersion: DataTypes.INTEGER,
      heldMicro: microColumn('heldMicro'),
      capturedMicro: microColumn('capturedMicro'),
      failureCode: DataTypes.STRING,
      failureMessage: DataTypes.TEXT,
      retryOf: DataTypes.UUID,
      resultTtlSeconds: DataTypes.INTEGER,
      resultGoneAt: DataTypes.DATE,
      inputs: DataTypes.JSON,
      deletedAt: DataTypes.DATE,
      notBefore: DataTypes.DATE,
      createdAt: DataTypes.DATE,
      startedAt: DataTypes.DATE,
      finishedAt: DataTypes.DATE,
    },
    tableOptions('inference_jobs'),
  );
}
