import { Sequelize, type Transaction } from 'sequelize';

/** The Sequelize instance of a transaction, which its type declarations omit. */
export function sequelizeOf(transaction: Transaction): Sequelize {
  const owner: unknown = Reflect.get(transaction, 'sequelize');
  if (owner instanceof Sequelize) return owner;
  throw new Error('The transaction does not belong to a Sequelize instance.');
}
