import { DataTypes, type Model, type ModelAttributeColumnOptions } from 'sequelize';

/** Options of every table: names in snake_case, times set by the database, names of tables as written. */
export function tableOptions(tableName: string) {
  return { tableName, underscored: true, timestamps: false } as const;
}

/** Micro-credits: the driver hands BIGINT over as text, which must never be added as a number. */
export function microColumn(name: string): ModelAttributeColumnOptions {
  return {
    type: DataTypes.BIGINT,
    get(this: Model) {
      const value: unknown = this.getDataValue(name);
      return value === undefined || value === null ? value : BigInt(String(value));
    },
  };
}

/** A BIGINT that counts bytes: far below 2^53, so a number is exact. */
export function byteCountColumn(name: string): ModelAttributeColumnOptions {
  return {
    type: DataTypes.BIGINT,
    get(this: Model) {
      const value: unknown = this.getDataValue(name);
      return value === undefined || value === null ? value : Number(value);
    },
  };
}
