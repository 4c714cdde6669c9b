/**
 * `npm run script -- NAME [arguments]` or `script=NAME.ts npm run script`: runs a command of the table in commands.mjs, or a file
 * of this folder, after the set-up of the checkout.
 */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { commands } from './commands.mjs';

const root = path.resolve(import.meta.dirname, '..');
const args = process.argv.slice(2);
const given = process.env.script || args.shift() || '';
const name = path.basename(given).replace(/\.(ts|js|mjs)$/, '');

const entryOf = (file) => file.replace(/^dist\//, '').replace(/\.js$/, '.ts');
const known = Object.entries(commands).filter(([, { entry }]) => entry);
const command = known.find(([own, { entry }]) => own === name || entryOf(entry) === `scripts/${name}.ts`);
const isFile = /^[\w-]+$/.test(name) && existsSync(path.join(root, 'scripts', `${name}.ts`));
if (!command && !isFile) {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.ts'));
  process.stderr.write(
    `${given === '' ? 'The name of a script is missing' : `There is no script ${JSON.stringify(given)}`}.\n\n` +
      'Usage: npm run script -- NAME [arguments], or: script=NAME.ts npm run script\n\n' +
      `Scripts: ${[...new Set([...known.map(([own]) => own), ...files.map((file) => file.replace(/\.ts$/, ''))])].sort().join(', ')}\n`,
  );
  process.exit(2);
}
if (command) {
  process.argv = [process.argv[0], path.join(import.meta.dirname, 'run.mjs'), command[0], ...args];
  await import('./run.mjs');
} else {
  const { setUp } = await import('./setup.mjs');
  const environment = path.join(root, '.env');
  if (existsSync(environment)) process.loadEnvFile(environment);
  await setUp();
  const entry = path.join(root, 'dist', 'scripts', `${name}.js`);
  process.argv = [process.argv[0], entry, ...args];
  await import(pathToFileURL(entry).href);
}
