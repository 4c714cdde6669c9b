import { AppError } from '../../../src/errors/app-error.js';
import {
  isTransactionConflict,
  translateDatabaseError,
  translating,
} from '../../../src/repositories/database-errors.js';

/** An error of Sequelize around one of the driver. */
function databaseError(code: string, constraint?: string): Error {
  const parent = Object.assign(new Error('driver'), { code, constraint });
  return Object.assign(new Error('sequelize'), { name: 'SequelizeDatabaseError', parent });
}

describe('database errors', () => {
  it.each([
    ['22P02', 'malformed', 'VALIDATION'],
    ['22P05', 'malformed', 'VALIDATION'],
    ['22021', 'malformed', 'VALIDATION'],
    ['22003', 'malformed', 'VALIDATION'],
    ['22001', 'malformed', 'VALIDATION'],
    ['23514', 'malformed', 'VALIDATION'],
    ['23505', 'conflict', 'CONFLICT'],
    ['23503', 'conflict', 'REFERENCE_MISSING'],
    ['40001', 'unavailable', 'DATABASE_BUSY'],
    ['40P01', 'unavailable', 'DATABASE_BUSY'],
    ['53100', 'storage_full', 'STORAGE_FULL'],
    ['53300', 'unavailable', 'DATABASE_UNAVAILABLE'],
    ['57P01', 'unavailable', 'DATABASE_UNAVAILABLE'],
    ['57P03', 'unavailable', 'DATABASE_UNAVAILABLE'],
    ['08006', 'unavailable', 'DATABASE_UNAVAILABLE'],
    ['57014', 'unavailable', 'DATABASE_TIMEOUT'],
  ])('SQLSTATE %s is %s', (state, kind, code) => {
    const error = databaseError(state);
    expect(translateDatabaseError(error)).toMatchObject({
      kind,
      code,
      details: { sqlState: state },
      cause: error,
    });
  });

  it.each([
    ['SequelizeConnectionRefusedError', 'connect ECONNREFUSED 127.0.0.1:1'],
    ['SequelizeConnectionAcquireTimeoutError', 'Operation timeout'],
    ['SequelizeHostNotFoundError', 'getaddrinfo ENOTFOUND db'],
    ['SequelizeDatabaseError', 'Connection terminated unexpectedly'],
  ])('%s without SQLSTATE is an outage', (name, message) => {
    const error = Object.assign(new Error(message), { name });
    expect(translateDatabaseError(error)).toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      retryAfterSeconds: 2,
    });
  });

  it('a driver that waited too long is an outage', () => {
    const error = Object.assign(new Error('x'), { parent: new Error('Query read timeout') });
    expect(translateDatabaseError(error)).toMatchObject({ code: 'DATABASE_TIMEOUT', kind: 'unavailable' });
  });

  it('constraints that the API names have their own code', () => {
    expect(translateDatabaseError(databaseError('23505', 'users_email_key'))).toMatchObject({
      code: 'EMAIL_TAKEN',
    });
    expect(translateDatabaseError(databaseError('23505', 'datasets_live_name_key'))).toMatchObject({
      code: 'DATASET_NAME_TAKEN',
    });
  });

  it('bugs and errors of the API stay what they are', () => {
    const syntax = databaseError('42601');
    const own = new AppError('NOT_FOUND', { message: 'x' });
    const bug = new TypeError('x is not a function');
    for (const error of [syntax, own, bug, 'text', undefined, null])
      expect(translateDatabaseError(error)).toBe(error);
  });

  it('only serialisation failures and deadlocks are worth another try, also once translated', () => {
    expect(isTransactionConflict(translateDatabaseError(databaseError('40P01')))).toBe(true);
    expect(isTransactionConflict(databaseError('40001'))).toBe(true);
    expect(isTransactionConflict(databaseError('23505'))).toBe(false);
    expect(isTransactionConflict(new Error('40001'))).toBe(false);
  });

  it('a wrapped repository translates what its promises and its streams throw', async () => {
    class Broken {
      readonly #state = '53100';
      async read(): Promise<number> {
        throw databaseError(this.#state);
      }
      async *stream(): AsyncGenerator<number> {
        yield 1;
        throw databaseError(this.#state);
      }
      plain(): string {
        return this.#state;
      }
    }
    const wrapped = translating(new Broken());
    await expect(wrapped.read()).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    const seen: number[] = [];
    const reading = async () => {
      for await (const value of wrapped.stream()) seen.push(value);
    };
    await expect(reading()).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    expect(seen).toEqual([1]);
    expect(wrapped.plain()).toBe('53100');
  });
});
