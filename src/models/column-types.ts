import { DataTypes, type Model, type ModelAttributeColumnOptions } from 'sequelize';

/** Options of every table: columns in snake_case, timestamps set by the database, table names as given. */
export function tableOptions(tableName: string) {
  return { tableName, underscored: true, timestamps: false } as const;
}

/** Column of micro-credits: the driver returns BIGINT as text, which must not be added as a number. */
export function microColumn(name: string): ModelAttributeColumnOptions {
  return {
    type: DataTypes.BIGINT,
    get(this: Model) {
      const value: unknown = this.getDataValue(name);
      return value === undefined || value === null ? value : BigInt(String(value));
    },
  };
}

/** BIGINT column of a byte count: far below 2^53, so a number is exact. */
export function byteCountColumn(name: string): ModelAttributeColumnOptions {
  return {
    type: DataTypes.BIGINT,
    get(this: Model) {
      const value: unknown = this.getDataValue(name);
      return value === undefined || value === null ? value : Number(value);
    },
  };
}
