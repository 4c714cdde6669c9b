import { Sequelize, type Transaction } from 'sequelize';

/** The instance that opened a transaction: every one carries it, but the type declarations leave it out. */
export function sequelizeOf(transaction: Transaction): Sequelize {
  const owner: unknown = Reflect.get(transaction, 'sequelize');
  if (owner instanceof Sequelize) return owner;
  throw new Error('The transaction does not belong to a Sequelize instance.');
}
