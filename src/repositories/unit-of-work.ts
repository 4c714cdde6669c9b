import pRetry from 'p-retry';
import type { Sequelize, Transaction } from 'sequelize';
import { createDaos } from '../dao/daos.js';
import type { Repositories, TransactionScope, UnitOfWork } from '../domain/repositories/unit-of-work.js';
import { messageOf } from '../errors/app-error.js';
import type { Models } from '../models/model-classes.js';
import { defineModels } from '../models/models.js';
import type { JobQueue } from '../queue/job-queue.js';
import { isTransactionConflict, translateDatabaseError } from './database-errors.js';
import { createRepositories } from './repositories.js';

type Effect = () => void | Promise<void>;

/** Result of a committed transaction and its effects. */
interface Attempt<Value> {
  readonly value: Value;
  readonly effects: readonly Effect[];
}

/** Options of {@link SequelizeUnitOfWork}. */
export interface UnitOfWorkOptions {
  /** Receives errors of effects that failed after commit; emits a process warning by default. */
  readonly onEffectError?: (error: unknown) => void;
}

const RETRIES = 3;
const FIRST_PAUSE_MS = 10;

function warn(error: unknown): void {
  process.emitWarning(`An effect after a commit failed: ${messageOf(error)}`);
}

/**
 * Transactions on PostgreSQL at READ COMMITTED, which `createSequelize` sets for each connection. Stricter levels are not
 * needed because of guarded statements.
 */
export class SequelizeUnitOfWork implements UnitOfWork {
  readonly read: Repositories;
  readonly #models: Models;
  readonly #onEffectError: (error: unknown) => void;

  readonly #sequelize: Sequelize;
  readonly #queue: JobQueue;

  constructor(sequelize: Sequelize, queue: JobQueue, options: UnitOfWorkOptions = {}) {
    this.#sequelize = sequelize;
    this.#queue = queue;

    this.#models = defineModels(sequelize);
    this.read = this.#repositories(null);
    this.#onEffectError = options.onEffectError ?? warn;
  }

  /**
   * Runs `work` in one transaction, then its effects. `work` may run several times, so it must not have side
   * effects of its own. A failing effect does not fail the call, because the transaction has been committed.
   */
  async run<Value>(work: (scope: TransactionScope) => Promise<Value>): Promise<Value> {
    const { value, effects } = await pRetry(() => this.#attempt(work), {
      retries: RETRIES,
      minTimeout: FIRST_PAUSE_MS,
      // Jitter keeps the two sides of a deadlock from colliding again.
      randomize: true,
      shouldRetry: ({ error }) => isTransactionConflict(error),
    }).catch((error: unknown) => {
      throw translateDatabaseError(error);
    });
    await this.#runEffects(effects);
    return value;
  }

  async #attempt<Value>(work: (scope: TransactionScope) => Promise<Value>): Promise<Attempt<Value>> {
    const effects: Effect[] = [];
    const value = await this.#sequelize.transaction((transaction) =>
      work({
        ...this.#repositories(transaction),
        enqueue: (request) => this.#queue.enqueueInTransaction(transaction, request),
        afterCommit: (effect) => void effects.push(effect),
      }),
    );
    return { value, effects };
  }

  async #runEffects(effects: readonly Effect[]): Promise<void> {
    for (const effect of effects) {
      try {
        await effect();
      } catch (error) {
        this.#onEffectError(error);
      }
    }
  }

  #repositories(transaction: Transaction | null): Repositories {
    return createRepositories(createDaos({ sequelize: this.#sequelize, models: this.#models, transaction }));
  }
}
