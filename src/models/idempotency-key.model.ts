import { DataTypes, type Model, type ModelStatic, type Optional, type Sequelize } from 'sequelize';
import { tableOptions } from './column-types.js';

/** Row of `idempotency_keys`; while `status` is null the first request is in flight. */
export interface IdempotencyKeyRow {
  userId: string;
  key: string;
  requestHash: string;
  status: number | null;
  body: unknown;
  createdAt: Date;
}

/** Sequelize class of `idempotency_keys`. */
export type IdempotencyKeyModel = ModelStatic<
  Model<IdempotencyKeyRow, Optional<IdempotencyKeyRow, 'status' | 'body' | 'createdAt'>>
>;

/** Defines `idempotency_keys` on `sequelize`. */
export function defineIdempotencyKeyModel(sequelize: Sequelize): IdempotencyKeyModel {
  return sequelize.define(
    'IdempotencyKey',
    {
      userId: { type: DataTypes.UUID, primaryKey: true },
      key: { type: DataTypes.STRING, primaryKey: true },
      requestHash: DataTypes.STRING,
      status: DataTypes.INTEGER,
      body: DataTypes.JSON,
      createdAt: DataTypes.DATE,
    },
    tableOptions('idempotency_keys'),
  );
}
