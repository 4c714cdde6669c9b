import { QueryTypes, type Sequelize, type Transaction } from 'sequelize';
import type { Models } from '../models/model-classes.js';
import { runPrepared, type PreparedStatement } from './prepared-statement.js';

/** What every DAO works with: a pool, its classes, and the transaction that it is bound to, if any. */
export interface DaoContext {
  readonly sequelize: Sequelize;
  readonly models: Models;
  readonly transaction: Transaction | null;
}

/** Base of the DAOs: each knows one table, takes and returns plain rows, and holds no rules. */
export abstract class Dao {
  readonly #context: DaoContext;

  constructor(context: DaoContext) {
    this.#context = context;
  }

  protected get models(): Models {
    return this.#context.models;
  }

  protected get transaction(): Transaction | null {
    return this.#context.transaction;
  }

  /**
   * Refuses statements whose effect needs a transaction, such as a row lock: without one the lock is gone
   * before the caller sees the row.
   */
  protected requireTransaction(): Transaction {
    if (!this.transaction) throw new Error(`${this.constructor.name}: this needs a transaction`);
    return this.transaction;
  }

  /** Runs one statement with `$name` parameters and returns its rows, columns as the database names them. */
  protected async rows<Row extends object>(sql: string, bind: Record<string, unknown>): Promise<Row[]> {
    return this.#context.sequelize.query<Row>(sql, {
      bind,
      type: QueryTypes.SELECT,
      transaction: this.transaction,
    });
  }

  /** Runs one of the few statements that every request asks; rows as by {@link rows}. */
  protected async preparedRows<Row extends object>(
    statement: PreparedStatement,
    values: readonly unknown[],
  ): Promise<Row[]> {
    const { sequelize, transaction } = this.#context;
    if (!transaction) return (await runPrepared(sequelize, statement, values)) as Row[];
    return sequelize.query<Row>(statement.text, { bind: [...values], type: QueryTypes.SELECT, transaction });
  }
}
