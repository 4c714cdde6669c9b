import { DataTypes, type Model, type ModelStatic, type Optional, type Sequelize } from 'sequelize';
import type { LedgerKind } from '../domain/money.js';
import { microColumn, tableOptions } from './column-types.js';

/** Row of `credit_transactions`, the append-only ledger. */
export interface CreditTransactionRow {
  id: string;
  /** Order within the account, as text of a BIGINT. */
  seq: string;
  userId: string;
  jobId: string | null;
  sessionId: string | null;
  uploadId: string | null;
  kind: LedgerKind;
  amountMicro: bigint;
  deltaMicro: bigint;
  balanceBeforeMicro: bigint;
  balanceAfterMicro: bigint;
  description: string;
  createdAt: Date;
}

/** What an insert must give; the rest has defaults. */
export type NewCreditTransactionRow = Optional<
  CreditTransactionRow,
  'seq' | 'sessionId' | 'uploadId' | 'createdAt'
>;

/** Sequelize class of `credit_transactions`. */
export type CreditTransactionModel = ModelStatic<Model<CreditTransactionRow, NewCreditTransactionRow>>;

/** Defines `credit_transactions` on `sequelize`. */
export function defineCreditTransactionModel(sequelize: Sequelize): CreditTransactionModel {
  return sequelize.define(
    'CreditTransaction',
    {
      id: { type: DataTypes.UUID, primaryKey: true },
      seq: DataTypes.BIGINT,
      userId: DataTypes.UUID,
      jobId: DataTypes.UUID,
      sessionId: DataTypes.UUID,
      uploadId: DataTypes.UUID,
      kind: DataTypes.STRING,
      amountMicro: microColumn('amountMicro'),
      deltaMicro: microColumn('deltaMicro'),
      balanceBeforeMicro: microColumn('balanceBeforeMicro'),
      balanceAfterMicro: microColumn('balanceAfterMicro'),
      description: DataTypes.TEXT,
      createdAt: DataTypes.DATE,
    },
    tableOptions('credit_transactions'),
  );
}
