import type { Model, ModelAttributeColumnOptions, ModelStatic, Sequelize } from 'sequelize';

/** A change of the database, with the statement that reverts it. */
export interface SchemaChange {
  readonly up: string;
  readonly down: string;
}

/** A column as PostgreSQL describes it. */
interface ColumnDescription {
  readonly type: string;
}

/** Types between which the models do not distinguish. */
const FAMILIES: readonly (readonly [RegExp, string])[] = [
  [/^(CHARACTER VARYING|VARCHAR|CHAR|TEXT|CITEXT|ENUM|USER-DEFINED)/, 'text'],
  [/^(SMALLINT|INTEGER|INT)\b/, 'integer'],
  [/^BIGINT/, 'bigint'],
  [/^(REAL|DOUBLE|FLOAT|NUMERIC|DECIMAL)/, 'number'],
  [/^TIMESTAMP/, 'timestamp'],
  [/^JSON/, 'json'],
  [/\[\]$|^ARRAY/, 'array'],
];

function familyOf(type: string): string {
  const upper = type.toUpperCase();
  const array = FAMILIES[FAMILIES.length - 1];
  if (array[0].test(upper)) return array[1];
  return FAMILIES.find(([pattern]) => pattern.test(upper))?.[1] ?? upper;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

interface Column {
  readonly name: string;
  readonly type: string;
  readonly isKey: boolean;
  readonly definition: string;
}

function columnsOf(model: ModelStatic<Model>): Column[] {
  return Object.entries(model.getAttributes()).map(([attribute, options]) => {
    const { field = attribute, type, allowNull, primaryKey }: ModelAttributeColumnOptions = options;
    const text = String(type);
    const constraint = allowNull === false || primaryKey ? ' NOT NULL' : '';
    return {
      name: field,
      type: text,
      isKey: primaryKey === true,
      definition: `${quoted(field)} ${text}${constraint}`,
    };
  });
}

function newTable(table: string, columns: readonly Column[]): SchemaChange {
  const keys = columns.filter(({ isKey }) => isKey).map(({ name }) => quoted(name));
  const lines = [...columns.map(({ definition }) => definition), `PRIMARY KEY (${keys.join(', ')})`]
    .map((line) => `  ${line}`)
    .join(',\n');
  return { up: `CREATE TABLE ${quoted(table)} (\n${lines}\n);`, down: `DROP TABLE ${quoted(table)};` };
}

function changesOf(
  table: string,
  columns: readonly Column[],
  existing: Readonly<Record<string, ColumnDescription>>,
): SchemaChange[] {
  const alter = `ALTER TABLE ${quoted(table)}`;
  const added = columns
    .filter(({ name }) => !Object.hasOwn(existing, name))
    .map(({ name, definition }) => ({
      up: `${alter} ADD COLUMN ${definition};`,
      down: `${alter} DROP COLUMN ${quoted(name)};`,
    }));
  const retyped = columns
    .filter(
      ({ name, type }) => Object.hasOwn(existing, name) && familyOf(existing[name].type) !== familyOf(type),
    )
    .map(({ name, type }) => ({
      up: `${alter} ALTER COLUMN ${quoted(name)} TYPE ${type} USING ${quoted(name)}::${type};`,
      down: `${alter} ALTER COLUMN ${quoted(name)} TYPE ${existing[name].type} USING ${quoted(name)}::${existing[name].type};`,
    }));
  return [...added, ...retyped];
}

/**
 * What the database lacks of the tables, columns and kinds of types of the models. Columns that no model has are kept,
 * because some are used in SQL alone; lengths, indexes, defaults and constraints are not compared, because models do not
 * state them.
 */
export async function differences(
  sequelize: Sequelize,
  models: readonly ModelStatic<Model>[],
): Promise<SchemaChange[]> {
  const queries = sequelize.getQueryInterface();
  const tables = new Set(await queries.showAllTables());
  const changes: SchemaChange[] = [];
  for (const model of models) {
    const table = String(model.getTableName());
    const columns = columnsOf(model);
    if (tables.has(table)) changes.push(...changesOf(table, columns, await queries.describeTable(table)));
    else changes.push(newTable(table, columns));
  }
  return changes;
}

/** The text of a migration file with these changes. */
export function migrationText(changes: readonly SchemaChange[]): string {
  const up = changes.map((change) => change.up).join('\n');
  const down = changes
    .map((change) => change.down)
    .reverse()
    .join('\n');
  return `'use strict';

/** Generated from the differences between models and database: check it, add indexes and constraints. */
const up = \`
${up}\`;

const down = \`
${down}\`;

const running = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) =>
    queryInterface.sequelize.query(sql, { transaction }),
  );

module.exports = { up: running(up), down: running(down) };
`;
}
