import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createSequelize } from '../src/composition/create-sequelize.js';
import { requireSchema } from '../src/composition/require-schema.js';
import { databaseConfig } from '../src/config/database.js';
import { loadSettings } from '../src/config/load.js';
import { defineModels } from '../src/models/models.js';
import { differences, migrationText } from './database/schema-difference.js';
import { givenName, kebabName } from './database/names.js';

/** Writes a migration with what differs between the models and the database: `npm run migration:generate -- --help`. */
const name = kebabName(givenName(process.argv.slice(2), 'migration_name'));
if (name === null)
  throw new Error('Give the migration a name: migration_name=AddColumn npm run migration:generate');
const settings = loadSettings();
const applicationName = 'infernode-migration-generate';
// What a pending migration creates would otherwise be taken for a difference.
await requireSchema(settings, applicationName);
const sequelize = createSequelize(databaseConfig(settings, applicationName));
try {
  const changes = await differences(sequelize, Object.values(defineModels(sequelize)));
  if (changes.length === 0) process.stdout.write('The database has all tables and columns of the models.\n');
  else {
    const stamp = new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14);
    const file = path.join('migrations', `${stamp}-${name}.cjs`);
    writeFileSync(path.resolve(import.meta.dirname, '..', '..', file), migrationText(changes), {
      flag: 'wx',
    });
    process.stdout.write(`${file}\n${changes.map(({ up }) => `  ${up}`).join('\n')}\n`);
  }
} finally {
  await sequelize.close();
}
