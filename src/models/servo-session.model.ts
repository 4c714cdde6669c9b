import { DataTypes, type Model, type ModelStatic, type Optional, type Sequelize } from 'sequelize';
import type {
  RecordingStop,
  ServoEndReason,
  ServoGoalReference,
  ServoSessionStatus,
} from '../domain/servo-session.js';
import type { ServoGoalReport, ServoSetup } from '../domain/servo.js';
import { byteCountColumn, microColumn, tableOptions } from './column-types.js';

/** Row of `servo_sessions`. */
export interface ServoSessionRow {
  id: string;
  userId: string;
  status: ServoSessionStatus;
  endReason: ServoEndReason | null;
  instanceId: string;
  instanceUrl: string;
  leaseExpiresAt: Date | null;
  setup: ServoSetup;
  goalSource: ServoGoalReference;
  goal: ServoGoalReport;
  idleTimeoutMs: number;
  watchdogMs: number;
  maxFrames: number;
  record: boolean;
  recordStopped: RecordingStop | null;
  recordingBytes: number;
  jobId: string | null;
  framesAnswered: number;
  framesSkipped: number;
  restarts: number;
  pricePreset: string;
  priceVersion: number;
  heldMicro: bigint;
  capturedMicro: bigint;
  createdAt: Date;
  endedAt: Date | null;
}

/** Columns that have defaults, or that only an ended session has. */
type LaterColumns =
  | 'status'
  | 'endReason'
  | 'recordStopped'
  | 'jobId'
  | 'framesAnswered'
  | 'framesSkipped'
  | 'restarts'
  | 'capturedMicro'
  | 'createdAt'
  | 'endedAt';

/** What an insert must give; the rest has defaults. */
export type NewServoSessionRow = Optional<ServoSessionRow, LaterColumns>;

/** Sequelize class of `servo_sessions`. */
export type ServoSessionModel = ModelStatic<Model<ServoSessionRow, NewServoSessionRow>>;

/** Defines `servo_sessions` on `sequelize`. */
export function defineServoSessionModel(sequelize: Sequelize): ServoSessionModel {
  return sequelize.define(
    'ServoSession',
    {
      id: { type: DataTypes.UUID, primaryKey: true },
      userId: DataTypes.UUID,
      status: DataTypes.STRING,
      endReason: DataTypes.STRING,
      instanceId: DataTypes.UUID,
      instanceUrl: DataTypes.TEXT,
      leaseExpiresAt: DataTypes.DATE,
      setup: DataTypes.JSON,
      goalSource: DataTypes.JSON,
      goal: DataTypes.JSON,
      idleTimeoutMs: DataTypes.INTEGER,
      watchdogMs: DataTypes.INTEGER,
      maxFrames: DataTypes.INTEGER,
      record: DataTypes.BOOLEAN,
      recordStopped: DataTypes.STRING,
      recordingBytes: byteCountColumn('recordingBytes'),
      jobId: DataTypes.UUID,
      framesAnswered: DataTypes.INTEGER,
      // A count below 2^53 as well.
      framesSkipped: byteCountColumn('framesSkipped'),
      restarts: DataTypes.INTEGER,
      pricePreset: DataTypes.STRING,
      priceVersion: DataTypes.INTEGER,
      heldMicro: microColumn('heldMicro'),
      capturedMicro: microColumn('capturedMicro'),
      createdAt: DataTypes.DATE,
      endedAt: DataTypes.DATE,
    },
    tableOptions('servo_sessions'),
  );
}
