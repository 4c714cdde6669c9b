import { DataTypes, type Model, type ModelStatic, type Optional, type Sequelize } from 'sequelize';
import { tableOptions } from './column-types.js';
import type { MediaRow } from './media.model.js';

/** Row of `dataset_items`: a source with or without its mask. */
interface DatasetItemRow {
  id: string;
  datasetId: string;
  /** Order of upload, from 0. */
  position: number;
  sourceMediaId: string;
  maskMediaId: string | null;
  uploadIndex: number;
  sampleFps: number;
  sampledFrames: number;
  createdAt: Date;
}

/** The row with its media. */
export interface DatasetItemWithMediaRow extends DatasetItemRow {
  source: MediaRow;
  mask: MediaRow | null;
}

/** What an insert must give; the rest has defaults. */
export type NewDatasetItemRow = Optional<DatasetItemRow, 'createdAt'>;

/** Sequelize class of `dataset_items`. */
export type DatasetItemModel = ModelStatic<Model<DatasetItemRow, NewDatasetItemRow>>;

/** Defines `dataset_items` on `sequelize`. */
export function defineDatasetItemModel(sequelize: Sequelize): DatasetItemModel {
  return sequelize.define(
    'DatasetItem',
    {
      id: { type: DataTypes.UUID, primaryKey: true },
      datasetId: DataTypes.UUID,
      position: DataTypes.INTEGER,
      sourceMediaId: DataTypes.UUID,
      maskMediaId: DataTypes.UUID,
      uploadIndex: DataTypes.INTEGER,
      sampleFps: DataTypes.DOUBLE,
      sampledFrames: DataTypes.INTEGER,
      createdAt: DataTypes.DATE,
    },
    tableOptions('dataset_items'),
  );
}
