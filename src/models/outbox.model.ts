import { DataTypes, type Model, type ModelStatic, type Optional, type Sequelize } from 'sequelize';
import { tableOptions } from './column-types.js';

/** Row of `outbox`: a hint on its way to a queue outside this database. */
export interface OutboxRow {
  /** Order of insertion, as text of a BIGINT. */
  id: string;
  name: string;
  payload: Readonly<Record<string, unknown>>;
  dedupeId: string;
  createdAt: Date;
}

/** Sequelize class of `outbox`. */
export type OutboxModel = ModelStatic<Model<OutboxRow, Optional<OutboxRow, 'id' | 'createdAt'>>>;

/** Defines `outbox` on `sequelize`. */
export function defineOutboxModel(sequelize: Sequelize): OutboxModel {
  return sequelize.define(
    'Outbox',
    {
      id: { type: DataTypes.BIGINT, primaryKey: true, autoIncrement: true },
      name: DataTypes.STRING,
      payload: DataTypes.JSON,
      dedupeId: DataTypes.STRING,
      createdAt: DataTypes.DATE,
    },
    tableOptions('outbox'),
  );
}
