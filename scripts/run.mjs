/**
 * `node scripts/run.mjs <entry> [arguments]`: sets the checkout up, then runs a compiled entry in this very process,
 * so that signals reach it and nothing stands between it and the caller.
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
// First, since the set-up reads settings too; a Node that cannot read the file is too old, which the set-up says.
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
  // Servers and their scripts say themselves what is wrong; a tool that throws was mostly given something it cannot use.
  if (!command.tool) throw error;
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    `${process.env.DEBUG && error.stack ? error.stack : reason}\n\nUsage: ${command.usage}\n`,
  );
  process.stderr.write('With DEBUG=1 the place in the code is shown.\n');
  process.exit(1);
}
