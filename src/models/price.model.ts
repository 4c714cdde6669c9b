import { DataTypes, type Model, type ModelStatic, type Sequelize } from 'sequelize';
import { microColumn, tableOptions } from './column-types.js';

/** Row of `prices`: one unit of one version of a preset. */
interface PriceRow {
  preset: string;
  version: number;
  unit: string;
  micro: bigint;
}

/** Sequelize class of `prices`. */
export type PriceModel = ModelStatic<Model<PriceRow, PriceRow>>;

/** Defines `prices` on `sequelize`. */
export function definePriceModel(sequelize: Sequelize): PriceModel {
  return sequelize.define(
    'Price',
    {
      preset: { type: DataTypes.STRING, primaryKey: true },
      version: { type: DataTypes.INTEGER, primaryKey: true },
      unit: { type: DataTypes.STRING, primaryKey: true },
      micro: microColumn('micro'),
    },
    tableOptions('prices'),
  );
}
