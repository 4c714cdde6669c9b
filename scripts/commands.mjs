/**
 * The table of all commands: run.mjs takes its entries from it, usage.mjs what they accept, scripts/README.md its text,
 * and a test compares package.json with it. Plain JavaScript without imports from node_modules, since those may not be
 * there yet.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { toolCommands } from './tool-commands.mjs';

const root = path.resolve(import.meta.dirname, '..');

const text = { type: 'string' };
const flag = { type: 'boolean' };

/**
 * One row a script of package.json, the rows of tool-commands.mjs among them. `entry` is the compiled file that run.mjs
 * runs; `usage` is shown as it stands; then options by name, and whether words without dashes are taken.
 */
export const commands = {
  start: {
    group: 'run',
    summary: 'PostgreSQL, API and worker with one command',
    entry: 'dist/src/stack.js',
    usage: `npm start

Runs PostgreSQL (embedded, unless DATABASE_URL or DB_HOST names another one), the API and a worker until Ctrl-C.
It takes no options; settings are environment variables or lines of .env (README.md, "Configuration"):

  PORT=3000              port of the API, 0 for a free one
  DATA_DIR=./data        folder of everything that is written
  STARTUP_TIMEOUT=60s    how long it waits for a database of your own, and for Redis`,
  },
  api: {
    group: 'run',
    summary: 'the API alone, with a database of your own',
    entry: 'dist/src/server.js',
    usage: `npm run api

Runs the API alone. It needs a PostgreSQL (DATABASE_URL or DB_HOST) on which "npm run db:migrate" was run.
It takes no options; settings are environment variables or lines of .env (README.md, "Configuration").`,
  },
  worker: {
    group: 'run',
    summary: 'a worker alone, with a database of your own',
    entry: 'dist/src/workers/main.js',
    usage: `npm run worker

Runs a worker alone, with the same DATABASE_URL (or DB_HOST and so on) and MEDIA_DIR as the API.
It takes no options; settings are environment variables or lines of .env (README.md, "Configuration").`,
  },
  demo: {
    group: 'run',
    summary: 'the main job on a sample clip, from nothing to its result',
    entry: 'dist/scripts/demo.js',
    usage: `npm run demo -- [options]

  --clip NAME       approach (default), moving-away, hard-start or lost-goal
  --detector NAME   SIFT (default), AKAZE, ORB or an installed key point network
  --device NAME     auto (default: CUDA, WebGPU, CPU in this order), cpu, webgpu or cuda
  --all             show every frame in the table, not 12 of them
  --keep            leave the server running afterwards and print its URLs

A server that runs on the data folder already is used. PORT=0 picks a free port; DATA_DIR moves the data folder
(default ./data).`,
    options: { keep: flag, all: flag, clip: text, detector: text, device: text },
    choices: {
      clip: clipNames,
      detector: detectorNames,
      device: () => ['auto', 'cpu', 'webgpu', 'cuda'],
    },
    anyCase: ['detector'],
  },
  keys: {
    group: 'operate',
    summary: 'makes the key pair for tokens if there is none',
    entry: 'dist/scripts/keys.js',
    usage: `npm run keys [-- --force]     (also: npm run keys-force)

Makes the RSA pair that signs access tokens; --force replaces one that is there and ends all sessions.`,
    options: { force: flag },
  },
  dev: {
    group: 'develop',
    summary:
      '`npm start`, compiled and restarted on every change; `-- api` or `-- worker` runs that process alone',
    usage: `npm run dev [-- stack|api|worker]

The same as npm start, or one process alone, compiled and started again on every change.`,
    commands: { '': 0, stack: 0, api: 0, worker: 0 },
  },
  'test:watch': {
    group: 'test',
    summary:
      'runs tests on every save: those that import what was saved, or with `-- path` those at this path',
    usage: `npm run test:watch [-- path …]

Compiles every saved file and runs the tests at these paths; without paths, those that import what was saved.`,
    positionals: true,
  },
  postman: {
    group: 'generate',
    summary: 'writes the Postman collection, its environment and sample files',
    entry: 'dist/scripts/postman.js',
    usage: `npm run postman

Writes the Postman collection, its environment and sample files again. It takes no options.`,
  },
  'db:migrate': {
    group: 'database',
    summary: 'brings all tables to this version, those of the product and of the queue',
    entry: 'dist/scripts/migrate.js',
    usage: `npm run db:migrate

Brings the configured database (DATABASE_URL or DB_HOST, else the embedded one while it runs) to this version: the
tables of the product and those of the queue.`,
  },
  models: {
    group: 'operate',
    summary: 'public networks: lists, fetches and installs them',
    entry: 'dist/scripts/models.js',
    usage: `npm run models -- list                    public networks that are known, and which are installed
npm run models -- pull <id> [<id> …]      fetch and install; goes on where it was interrupted
npm run models -- import <folder or file> install from files that were fetched elsewhere
  --force                                 replace a network of the same id`,
    options: { force: flag },
    commands: { list: 0, pull: 'the id of a network', import: 'a folder or a file' },
  },
  storage: {
    group: 'operate',
    summary: 'compares the stored files with the database; removes what nothing names',
    entry: 'dist/scripts/storage.js',
    usage: `npm run storage -- check     compares the stored files with the rows of the database; changes nothing
npm run storage -- clean     removes files that no row names, and databases whose data folder is gone
  --older-than <hours>       only files without a row for so long, 24 by default; an upload stores its files first`,
    options: { 'older-than': text },
    numbers: ['older-than'],
    commands: { check: 0, clean: 0 },
  },
  admin: {
    group: 'operate',
    summary: 'accounts from the command line, with or without a running server',
    entry: 'dist/scripts/admin.js',
  },
  ...toolCommands,
};

/** Detectors that every installation has, and those of the networks in the models folder. */
function detectorNames() {
  const folder = path.resolve(root, process.env.MODELS_DIR || process.env.MODEL_DIR || 'models');
  const manifests = existsSync(folder)
    ? readdirSync(folder).map((name) => path.join(folder, name, 'manifest.json'))
    : [];
  const names = manifests.filter(existsSync).flatMap((file) => {
    try {
      const { task, detector } = JSON.parse(readFileSync(file, 'utf8'));
      return task === 'features' && typeof detector?.name === 'string' ? [detector.name] : [];
    } catch {
      return [];
    }
  });
  return [...new Set(['SIFT', 'AKAZE', 'ORB', ...names])];
}

/** The clips of the samples folder. */
function clipNames() {
  const files = readdirSync(path.join(root, 'samples'));
  return files.filter((name) => name.endsWith('.mp4')).map((name) => name.slice(0, -'.mp4'.length));
}

/** Scripts of package.json that call another program, or another row with an argument. */
export const plainCommands = {
  test: [
    'test',
    'the whole test suite; with `-- path` only tests whose path contains it, after compiling what changed',
  ],
  'test:unit': ['test', 'the tests of single units'],
  'test:integration': ['test', 'the tests of several parts with a real database, FFmpeg and ONNX Runtime'],
  'test:e2e': ['test', 'the tests of the running product'],
  'test:ci': ['test', 'the whole test suite; optional programs must be there'],
  'test:coverage': ['test', 'the whole test suite, and what of `src` it ran, child processes included'],
  jest: ['test', 'Jest on the compiled tests, without the set-up'],
  build: ['develop', 'compiles to `dist/`'],
  typecheck: ['develop', 'checks types only'],
  lint: ['develop', 'ESLint and Prettier'],
  knip: ['develop', 'exports, files and dependencies that nothing uses'],
  format: ['develop', 'Prettier with changes'],
  hooks: ['develop', 'turns on the commit hook that lints and formats what is staged'],
  'docs:commands': ['generate', 'writes scripts/README.md from the table of commands'],
  'db:migrate:undo': ['database', "takes the product's last migration back"],
  'db:seed': ['database', 'loads the seed data for development'],
  'db:seed:undo': ['database', 'removes the seed data'],
  'db:migration:generate': ['database', 'an empty migration; `-- name` names it'],
  'db:seed:generate': ['database', 'an empty seeder; `-- name` names it'],
  'keys:generate': ['operate', 'the same as `keys`'],
  'keys-force': ['operate', 'makes a new key pair in any case, which ends all sessions'],
};

/** Groups of commands, in the order of scripts/README.md. */
export const groups = {
  run: 'Run',
  operate: 'Operate',
  database: 'Database',
  develop: 'Develop',
  test: 'Test',
  bench: 'Benchmarks: how fast it is (`benchmarks/`)',
  eval: 'Evaluation: how good its results are (`evaluation/`)',
  soak: 'Soak: hours of load, kills and attacks (`tests/soak/`)',
  generate: 'Generated files',
};
