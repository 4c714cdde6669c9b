import { DataTypes, type Model, type ModelStatic, type Optional, type Sequelize } from 'sequelize';
import { byteCountColumn, tableOptions } from './column-types.js';

/** Row of `results`. */
export interface ResultRow {
  jobId: string;
  json: Readonly<Record<string, unknown>>;
  zipBytes: number;
  zipSha256: string;
  createdAt: Date;
  /** In the trash since. */
  deletedAt: Date | null;
}

/** Sequelize class of `results`. */
export type ResultModel = ModelStatic<Model<ResultRow, Optional<ResultRow, 'createdAt' | 'deletedAt'>>>;

/** Defines `results` on `sequelize`. */
export function defineResultModel(sequelize: Sequelize): ResultModel {
  return sequelize.define(
    'Result',
    {
      jobId: { type: DataTypes.UUID, primaryKey: true },
      json: DataTypes.JSON,
      zipBytes: byteCountColumn('zipBytes'),
      zipSha256: DataTypes.STRING,
      createdAt: DataTypes.DATE,
      deletedAt: DataTypes.DATE,
    },
    tableOptions('results'),
  );
}
