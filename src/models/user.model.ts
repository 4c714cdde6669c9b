import { DataTypes, type Model, type ModelStatic, type Optional, type Sequelize } from 'sequelize';
import type { Role } from '../domain/user.js';
import { microColumn, tableOptions } from './column-types.js';

/** Row of `users`. */
export interface UserRow {
  id: string;
  email: string;
  passwordHash: string;
  name: string | null;
  surname: string | null;
  role: Role;
  tokenVersion: number;
  balanceMicro: bigint;
  createdAt: Date;
  updatedAt: Date;
  deletedAt: Date | null;
  disabledAt: Date | null;
}

/** What an insert must give; the rest has defaults. */
export type NewUserRow = Optional<
  UserRow,
  | 'name'
  | 'surname'
  | 'tokenVersion'
  | 'balanceMicro'
  | 'createdAt'
  | 'updatedAt'
  | 'deletedAt'
  | 'disabledAt'
>;

/** Sequelize class of `users`. */
export type UserModel = ModelStatic<Model<UserRow, NewUserRow>>;

/** Defines `users` on `sequelize`. */
export function defineUserModel(sequelize: Sequelize): UserModel {
  return sequelize.define(
    'User',
    {
      id: { type: DataTypes.UUID, primaryKey: true },
      email: DataTypes.STRING,
      passwordHash: DataTypes.TEXT,
      name: DataTypes.STRING,
      surname: DataTypes.STRING,
      role: DataTypes.STRING,
      tokenVersion: DataTypes.INTEGER,
      balanceMicro: microColumn('balanceMicro'),
      createdAt: DataTypes.DATE,
      updatedAt: DataTypes.DATE,
      deletedAt: DataTypes.DATE,
      disabledAt: DataTypes.DATE,
    },
    tableOptions('users'),
  );
}
