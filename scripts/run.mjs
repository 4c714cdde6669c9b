/**
 * `node scripts/run.mjs <entry> [arguments]`: prepares the checkout, then runs a compiled entry in this process, so
 * that it receives signals directly.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { commands } from './commands.mjs';
import { setUp } from './setup.mjs';
import { checkArguments } from './usage.mjs';

const root = path.resolve(import.meta.dirname, '..');
const [name, ...rest] = process.argv.slice(2);
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
if (command?.entry === undefined) {
  const names = Object.keys(commands).filter((known) => commands[known].entry);
  process.stderr.write(`Usage: node scripts/run.mjs ${names.join('|')} [arguments]\n`);
  process.exit(2);
}
// Loaded first, because the set-up reads settings as well. A Node version that cannot read the file is too old, which
// the set-up reports.
const envFile = path.join(root, '.env');
if (existsSync(envFile)) process.loadEnvFile?.(envFile);
checkArguments(name, rest);
await setUp();
const entry = path.join(root, command.entry);
process.argv = [process.argv[0], entry, ...rest];
process.setSourceMapsEnabled(true);
try {
  await import(pathToFileURL(entry).href);
} catch (error) {
  // Servers report their own errors; an error thrown by a tool is usually caused by its arguments.
  if (!command.tool) throw error;
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    `${process.env.DEBUG && error.stack ? error.stack : reason}\n\nUsage: ${command.usage}\n`,
  );
  process.stderr.write('Set DEBUG=1 to show the stack trace.\n');
  process.exit(1);
}
