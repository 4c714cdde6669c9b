import { DataTypes, type Model, type ModelStatic, type Optional, type Sequelize } from 'sequelize';
import { tableOptions } from './column-types.js';

/** Row of `tags`: a predefined tag that clients may offer. */
interface TagRow {
  id: string;
  name: string;
  createdAt: Date;
  updatedAt: Date;
}

/** Sequelize class of `tags`. */
export type TagModel = ModelStatic<Model<TagRow, Optional<TagRow, 'createdAt' | 'updatedAt'>>>;

/** Defines `tags` on `sequelize`. */
export function defineTagModel(sequelize: Sequelize): TagModel {
  return sequelize.define(
    'Tag',
    {
      id: { type: DataTypes.UUID, primaryKey: true },
      name: DataTypes.STRING,
      createdAt: DataTypes.DATE,
      updatedAt: DataTypes.DATE,
    },
    tableOptions('tags'),
  );
}
