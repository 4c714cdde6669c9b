import { DataTypes, type Model, type ModelStatic, type Sequelize } from 'sequelize';
import { tableOptions } from './column-types.js';

/** Row of `result_chunks`: at most RESULT_CHUNK_BYTES of a ZIP. */
export interface ResultChunkRow {
  jobId: string;
  n: number;
  bytes: Buffer;
  sha256: string;
}

/** Sequelize class of `result_chunks`. */
export type ResultChunkModel = ModelStatic<Model<ResultChunkRow, ResultChunkRow>>;

/** Defines `result_chunks` on `sequelize`. */
export function defineResultChunkModel(sequelize: Sequelize): ResultChunkModel {
  return sequelize.define(
    'ResultChunk',
    {
      jobId: { type: DataTypes.UUID, primaryKey: true },
      n: { type: DataTypes.INTEGER, primaryKey: true },
      bytes: DataTypes.BLOB,
      sha256: DataTypes.STRING,
    },
    tableOptions('result_chunks'),
  );
}
