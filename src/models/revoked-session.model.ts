import { DataTypes, type Model, type ModelStatic, type Sequelize } from 'sequelize';
import { tableOptions } from './column-types.js';

/** Row of `revoked_sessions`: a browser session that was signed out. */
export interface RevokedSessionRow {
  /** The `jti` of its token. */
  id: string;
  expiresAt: Date;
}

/** Sequelize class of `revoked_sessions`. */
export type RevokedSessionModel = ModelStatic<Model<RevokedSessionRow, RevokedSessionRow>>;

/** Defines `revoked_sessions` on `sequelize`. */
export function defineRevokedSessionModel(sequelize: Sequelize): RevokedSessionModel {
  return sequelize.define(
    'RevokedSession',
    { id: { type: DataTypes.UUID, primaryKey: true }, expiresAt: DataTypes.DATE },
    tableOptions('revoked_sessions'),
  );
}
