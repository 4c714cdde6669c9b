import { DataTypes, type Model, type ModelStatic, type Optional, type Sequelize } from 'sequelize';
import type { JobEventPayloads, JobEventType } from '../domain/job-event.js';
import { tableOptions } from './column-types.js';

/** Row of `job_events`. */
export interface JobEventRow {
  jobId: string;
  /** Number within the job, from 1, without gaps. */
  seq: number;
  userId: string;
  type: JobEventType;
  payload: JobEventPayloads[JobEventType];
  createdAt: Date;
}

/** Sequelize class of `job_events`. */
export type JobEventModel = ModelStatic<Model<JobEventRow, Optional<JobEventRow, 'createdAt'>>>;

/** Defines `job_events` on `sequelize`. */
export function defineJobEventModel(sequelize: Sequelize): JobEventModel {
  return sequelize.define(
    'JobEvent',
    {
      jobId: { type: DataTypes.UUID, primaryKey: true },
      seq: { type: DataTypes.INTEGER, primaryKey: true },
      userId: DataTypes.UUID,
      type: DataTypes.STRING,
      payload: DataTypes.JSON,
      createdAt: DataTypes.DATE,
    },
    tableOptions('job_events'),
  );
}
