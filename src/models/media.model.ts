import { DataTypes, type Model, type ModelStatic, type Optional, type Sequelize } from 'sequelize';
import type { MaskPaint } from '../domain/mask-paint.js';
import type { FrameSource, MaskReading, MediaKind, MediaRole } from '../domain/dataset.js';
import { byteCountColumn, tableOptions } from './column-types.js';

/** Row of `media`: one stored file. */
export interface MediaRow {
  id: string;
  userId: string;
  datasetId: string;
  kind: MediaKind;
  role: MediaRole;
  name: string;
  container: string;
  sha256: string;
  bytes: number;
  width: number;
  height: number;
  frameCount: number;
  fpsNum: number | null;
  fpsDen: number | null;
  durationSeconds: number | null;
  holeShare: number | null;
  nonBinaryShare: number | null;
  maskReading: MaskReading | null;
  holeCircle: number | null;
  maskPaint: MaskPaint | null;
  warnings: string[];
  frameSource: FrameSource;
  storageKey: string;
  createdAt: Date;
  deletedAt: Date | null;
}

/** What an insert must give; the rest has defaults. */
export type NewMediaRow = Optional<MediaRow, 'createdAt' | 'deletedAt' | 'frameSource' | 'holeCircle'>;

/** Sequelize class of `media`. */
export type MediaModel = ModelStatic<Model<MediaRow, NewMediaRow>>;

/** Defines `media` on `sequelize`. */
export function defineMediaModel(sequelize: Sequelize): MediaModel {
  return sequelize.define(
    'Media',
    {
      id: { type: DataTypes.UUID, primaryKey: true },
      userId: DataTypes.UUID,
      datasetId: DataTypes.UUID,
      kind: DataTypes.STRING,
      role: DataTypes.STRING,
      name: DataTypes.STRING,
      container: DataTypes.STRING,
      sha256: DataTypes.STRING,
      bytes: byteCountColumn('bytes'),
      width: DataTypes.INTEGER,
      height: DataTypes.INTEGER,
      frameCount: DataTypes.INTEGER,
      fpsNum: DataTypes.INTEGER,
      fpsDen: DataTypes.INTEGER,
      durationSeconds: DataTypes.DOUBLE,
      holeShare: DataTypes.DOUBLE,
      nonBinaryShare: DataTypes.DOUBLE,
      maskReading: DataTypes.STRING,
      holeCircle: DataTypes.DOUBLE,
      maskPaint: DataTypes.JSONB,
      warnings: DataTypes.ARRAY(DataTypes.TEXT),
      frameSource: DataTypes.STRING,
      storageKey: DataTypes.TEXT,
      createdAt: DataTypes.DATE,
      deletedAt: DataTypes.DATE,
    },
    tableOptions('media'),
  );
}
