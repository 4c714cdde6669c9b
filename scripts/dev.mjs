/**
 * `npm run dev`: compiles on every change and restarts the stack after each compilation. `npm run dev -- api` or `--
 * worker` runs only that process, as in the containers of docker-compose.dev.yml.
 */
import { spawn } from 'node:child_process';
import { existsSync, watch } from 'node:fs';
import path from 'node:path';
import { setUp } from './setup.mjs';
import { checkArguments } from './usage.mjs';

const root = path.resolve(import.meta.dirname, '..');
const dist = path.join(root, 'dist');
const SETTLE_MS = 300;
const ENTRIES = { stack: 'stack.js', api: 'server.js', worker: path.join('workers', 'main.js') };

checkArguments('dev', process.argv.slice(2));
const [entry = 'stack'] = process.argv.slice(2);
// Loaded first, because the set-up reads settings as well.
const envFile = path.join(root, '.env');
if (existsSync(envFile)) process.loadEnvFile?.(envFile);
await setUp();
const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const compiler = spawn(process.execPath, [tsc, '-p', root, '--watch', '--preserveWatchOutput'], {
  stdio: 'inherit',
});
let stack = null;
let settling = null;
let stopping = false;

function start() {
  stack = spawn(process.execPath, ['--enable-source-maps', path.join(dist, 'src', ENTRIES[entry])], {
    stdio: 'inherit',
  });
  stack.once('exit', () => {
    stack = null;
  });
}

function restart() {
  if (stopping) return;
  if (!stack) return start();
  stack.once('exit', start);
  stack.kill('SIGTERM');
}

// The compiler writes its build information last, even when only types changed.
watch(dist, (_event, name) => {
  if (name !== '.tsbuildinfo') return;
  clearTimeout(settling);
  settling = setTimeout(restart, SETTLE_MS);
});
start();

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    stopping = true;
    clearTimeout(settling);
    compiler.kill();
    if (!stack) process.exit(0);
    stack.once('exit', () => process.exit(0));
    stack.kill('SIGTERM');
  });
}
