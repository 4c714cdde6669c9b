import { QueryTypes, type Sequelize, type Transaction } from 'sequelize';
import type { Models } from '../models/model-classes.js';
import { runPrepared, type PreparedStatement } from './prepared-statement.js';

/**
 * Dependencies of every DAO: connection pool, model classes, and the transaction to which it is bound, if
 * any.
 */
export interface DaoContext {
  readonly sequelize: Sequelize;
  readonly models: Models;
  readonly transaction: Transaction | null;
}

/** Base class of DAOs. Each accesses one table, takes and returns plain rows, and contains no rules. */
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
   * Rejects statements that need a transaction, such as row locks, which would otherwise be released before
   * the caller gets the row.
   */
  protected requireTransaction(): Transaction {
    if (!this.transaction) throw new Error(`${this.constructor.name}: this operation requires a transaction`);
    return this.transaction;
  }

  /** Runs one statement with `$name` parameters and returns its rows with the database's column names. */
  protected async rows<Row extends object>(sql: string, bind: Record<string, unknown>): Promise<Row[]> {
    return this.#context.sequelize.query<Row>(sql, {
      bind,
      type: QueryTypes.SELECT,
      transaction: this.transaction,
    });
  }

  /**
   * Runs a prepared statement, for the few statements that every request uses; returns rows like
   * {@link rows}.
   */
  protected async preparedRows<Row extends object>(
    statement: PreparedStatement,
    values: readonly unknown[],
  ): Promise<Row[]> {
    const { sequelize, transaction } = this.#context;
    if (!transaction) return (await runPrepared(sequelize, statement, values)) as Row[];
    return sequelize.query<Row>(statement.text, { bind: [...values], type: QueryTypes.SELECT, transaction });
  }
}
