/** `npm run entity:create -- NAME` or `entity_name=NAME npm run entity:create`: creates a Sequelize model in src/models. */
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { givenName, kebabName, pascalName } from './database/names.js';

const kebab = kebabName(givenName(process.argv.slice(2), 'entity_name'));
if (kebab === null) {
  process.stderr.write('Usage: entity_name=UserNote npm run entity:create (letters and digits)\n');
  process.exit(2);
}
const entity = pascalName(kebab);
const table = `${kebab.replaceAll('-', '_')}s`;
const file = path.resolve(import.meta.dirname, '..', '..', 'src', 'models', `${kebab}.model.ts`);
if (existsSync(file)) {
  process.stderr.write(`src/models/${kebab}.model.ts exists already.\n`);
  process.exit(1);
}
writeFileSync(
  file,
  `import { DataTypes, type Model, type ModelStatic, type Optional, type Sequelize } from 'sequelize';
import { tableOptions } from './column-types.js';

/** Row of \`${table}\`. */
export interface ${entity}Row {
  id: string;
  createdAt: Date;
}

/** Sequelize class of \`${table}\`. */
export type ${entity}Model = ModelStatic<Model<${entity}Row, Optional<${entity}Row, 'createdAt'>>>;

/** Defines \`${table}\` on \`sequelize\`. */
export function define${entity}Model(sequelize: Sequelize): ${entity}Model {
  return sequelize.define(
    '${entity}',
    {
      id: { type: DataTypes.UUID, primaryKey: true },
      createdAt: DataTypes.DATE,
    },
    tableOptions('${table}'),
  );
}
`,
);
process.stdout.write(
  `src/models/${kebab}.model.ts\n\nNext: add its columns, list it in src/models/model-classes.ts and src/models/models.ts, then run\n` +
    `  migration_name=create-${table.replaceAll('_', '-')} npm run migration:generate\n`,
);
