/**
 * `node scripts/db-generate.mjs migration|seed <name>`: creates the file with sequelize-cli, then renames it to .cjs,
 * because this package is ESM and the files must be CommonJS.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const kinds = {
  migration: { command: 'migration:generate', folder: 'migrations' },
  seed: { command: 'seed:generate', folder: 'seeders' },
};

const [kind, ...rest] = process.argv.slice(2);
const given =
  rest[0] === '--name' ? rest[1] : (rest[0]?.replace(/^--name=/, '') ?? process.env.migration_name);
// `AddColumn` and `add_column` are accepted as well.
const name = given
  ?.replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
  .replaceAll('_', '-')
  .toLowerCase();
if (!Object.hasOwn(kinds, kind ?? '') || !/^[a-z0-9][a-z0-9-]*$/.test(name ?? '')) {
  process.stderr.write(
    kind === 'seed'
      ? 'Usage: npm run db:seed:generate -- demo-users (lower case, digits and hyphens)\n'
      : 'Usage: npm run db:migration:generate -- add-column (lower case, digits and hyphens)\n',
  );
  process.exit(2);
}

const { command, folder } = kinds[kind];
const directory = path.join(root, folder);
const before = new Set(readdirSync(directory));
const cli = path.join(root, 'node_modules', 'sequelize-cli', 'lib', 'sequelize');
// Creating a file needs no database, but the command line requires the setting.
const env = { ...process.env, DATABASE_URL: process.env.DATABASE_URL || 'postgres://localhost/none' };
const { status } = spawnSync(process.execPath, [cli, command, '--name', name], {
  cwd: root,
  env,
  encoding: 'utf8',
});
if (status !== 0) process.exit(status ?? 1);
for (const file of readdirSync(directory)) {
  if (before.has(file) || !file.endsWith('.js')) continue;
  const target = path.join(directory, file.replace(/\.js$/, '.cjs'));
  if (existsSync(target)) throw new Error(`${target} exists already`);
  renameSync(path.join(directory, file), target);
  process.stdout.write(`${path.relative(process.cwd(), target)}\n`);
}
