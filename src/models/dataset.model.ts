import { DataTypes, type Model, type ModelStatic, type Optional, type Sequelize } from 'sequelize';
import { tableOptions } from './column-types.js';

/** Row of `datasets`. */
export interface DatasetRow {
  id: string;
  userId: string;
  name: string;
  tags: string[];
  createdAt: Date;
  updatedAt: Date;
  deletedAt: Date | null;
  nextUploadIndex: number;
}

/** What an insert must give; the rest has defaults. */
export type NewDatasetRow = Optional<DatasetRow, 'createdAt' | 'updatedAt' | 'deletedAt' | 'nextUploadIndex'>;

/** Sequelize class of `datasets`. */
export type DatasetModel = ModelStatic<Model<DatasetRow, NewDatasetRow>>;

/** Defines `datasets` on `sequelize`. */
export function defineDatasetModel(sequelize: Sequelize): DatasetModel {
  return sequelize.define(
    'Dataset',
    {
      id: { type: DataTypes.UUID, primaryKey: true },
      userId: DataTypes.UUID,
      name: DataTypes.STRING,
      tags: DataTypes.ARRAY(DataTypes.TEXT),
      createdAt: DataTypes.DATE,
      updatedAt: DataTypes.DATE,
      deletedAt: DataTypes.DATE,
      nextUploadIndex: DataTypes.INTEGER,
    },
    tableOptions('datasets'),
  );
}
