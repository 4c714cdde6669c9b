/**
 * `npm run test:watch [-- path …]`: on every save compiles the saved file and runs the tests at these paths, or, without
 * paths, those that reach a saved file by their imports.
 */
import { spawn } from 'node:child_process';
import { watch } from 'node:fs';
import path from 'node:path';
import { jestCommand } from './jest-command.mjs';
import { setUp } from './setup.mjs';
import { SOURCE_FOLDERS, transpileChanged } from './transpile.mjs';
import { checkArguments } from './usage.mjs';

const root = path.resolve(import.meta.dirname, '..');
/** Debounce time, because editors write a file in several steps. */
const SETTLE_MS = 50;

const paths = process.argv.slice(2);
checkArguments('test:watch', paths);
const say = (text) => process.stderr.write(`${text}\n`);
const changed = new Set();
let settling = null;
let running = false;

/** Runs Jest once; resolves when it has exited. */
function runJest(args) {
  const [program, ...flags] = jestCommand(root);
  const child = spawn(program, [...flags, '--passWithNoTests', ...args], { cwd: root, stdio: 'inherit' });
  return new Promise((resolve) => child.once('close', resolve));
}

/** @param args arguments for Jest; `null` when nothing has to run */
async function answer(args) {
  if (args !== null) await runJest(args);
  say('Waiting for a save; Ctrl-C ends.');
}

async function onSaved() {
  if (running) return;
  running = true;
  do {
    const { outputs, problems } = await transpileChanged();
    for (const output of outputs) changed.add(output);
    if (problems.length > 0) {
      say(problems.join(''));
      break;
    }
    if (changed.size === 0) break;
    const args = paths.length > 0 ? paths : ['--findRelatedTests', ...changed];
    changed.clear();
    await answer(args);
    // Files saved meanwhile are compiled and tested immediately.
  } while (settling === null);
  running = false;
}

await setUp({ types: false });
for (const folder of SOURCE_FOLDERS)
  watch(path.join(root, folder), { recursive: true }, () => {
    clearTimeout(settling);
    settling = setTimeout(() => {
      settling = null;
      void onSaved();
    }, SETTLE_MS);
  });
running = true;
await answer(paths.length > 0 ? paths : null);
running = false;
void onSaved();
