/**
 * The table of all commands: run.mjs takes its entries from it, usage.mjs the accepted arguments, scripts/README.md its
 * text, and a test compares package.json with it. Plain JavaScript without imports from node_modules, which may not be
 * installed yet.
 *
 * One row per script of package.json, including the rows of tool-commands.mjs. `entry` is the compiled file that
 * run.mjs runs; `usage` is printed as it is; then options by name, and whether positional arguments are accepted.
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
  DATA_DIR=./data        folder of all written files
  STARTUP_TIMEOUT=60s    how long it waits for an external database and for Redis`,
  },
  api: {
    group: 'run',
    summary: 'only the API, with an external database',
    entry: 'dist/src/server.js',
    usage: `npm run api

Runs only the API. It needs a PostgreSQL (DATABASE_URL or DB_HOST) that was prepared with "npm run db:migrate".
It takes no options; settings are environment variables or lines of .env (README.md, "Configuration").`,
  },
  worker: {
    group: 'run',
    summary: 'only a worker, with an external database',
    entry: 'dist/src/workers/main.js',
    usage: `npm run worker

Runs only a worker, with the same DATABASE_URL (or DB_HOST and so on) and MEDIA_DIR as the API.
It takes no options; settings are environment variables or lines of .env (README.md, "Configuration").`,
  },
  demo: {
    group: 'run',
    summary: 'a complete job on a sample clip, from upload to result',
    entry: 'dist/scripts/demo.js',
    usage: `npm run demo -- [options]

  --clip NAME       approach (default), moving-away, hard-start or lost-goal
  --detector NAME   SIFT (default), AKAZE, ORB or an installed key point network
  --device NAME     auto (default: CUDA, WebGPU, CPU in this order), cpu, webgpu or cuda
  --all             show every frame in the table instead of 12
  --keep            leave the server running afterwards and print its URLs

Uses the server that is already running on the data folder, if any. PORT=0 picks a free port; DATA_DIR sets the data folder
(default ./data).`,
    options: { keep: flag, all: flag, clip: text, detector: text, device: text },
    choices: {
      clip: clipNames,
      detector: detectorNames,
      device: () => ['auto', 'cpu', 'webgpu', 'cuda'],
    },
    anyCase: ['detector'],
  },
  'demo:live': {
    group: 'run',
    summary: 'live servoing in a rendered scene: the answers of the server move the camera to its goal',
    entry: 'dist/scripts/demo-live.js',
    usage: `npm run demo:live -- [options]

  --detector NAME   SIFT (default), AKAZE, ORB or an installed key point network
  --starts N        start poses, the same ones for the same seed (default 1); several end with a table
  --seed N          another set of starts and scenes (default 1)
  --fps N           frames a second of the camera's time (default 12), by which a velocity moves it
  --client NAME     typescript (default) or python, which needs python3 with websockets and numpy
  --python PROGRAM  the Python to run that client (default python3)

Starts are up to 60 degrees of roll and 0.35 to 1.4 m away. A server that runs on the data folder already is used.
PORT=0 picks a free port; DATA_DIR moves the data folder (default ./data).`,
    options: { detector: text, client: text, python: text, starts: text, seed: text, fps: text },
    numbers: ['starts', 'seed', 'fps'],
    choices: { detector: detectorNames, client: () => ['typescript', 'python'] },
    anyCase: ['detector'],
  },
  remote: {
    tool: true,
    group: 'run',
    summary: 'remote control from the command line: keys send events, presence and job progress are printed',
    entry: 'dist/scripts/remote.js',
    usage: `npm run remote -- [options] [EVENT [VALUE]]

Sends one event (such as "next" or "seek 12.5") to all devices of the account, or the event of each key that is pressed,
or of each line of standard input, and prints what the server sends (docs/remote-control.md).
  --url URL      server (default INFERNODE_URL, or port PORT of this machine)
  --email EMAIL  signs in with the password in INFERNODE_PASSWORD; without it INFERNODE_API_KEY or INFERNODE_TOKEN is used
  --job ID       follows the progress of a job; may be repeated`,
    options: { url: text, email: text, job: { type: 'string', multiple: true } },
    positionals: true,
  },
  keys: {
    group: 'operate',
    summary: 'creates the key pair for tokens if there is none',
    entry: 'dist/scripts/keys.js',
    usage: `npm run keys [-- --force]     (also: npm run keys-force)

Creates the RSA key pair that signs access tokens; --force replaces an existing pair and ends all sessions.`,
    options: { force: flag },
  },
  dev: {
    group: 'develop',
    summary:
      '`npm start`, compiled and restarted on every change; `-- api` or `-- worker` runs only that process',
    usage: `npm run dev [-- stack|api|worker]

The same as npm start, or only one process, compiled and restarted on every change.`,
    commands: { '': 0, stack: 0, api: 0, worker: 0 },
  },
  'test:watch': {
    group: 'test',
    summary:
      'runs tests on every save: those that import the saved file, or with `-- path` those at that path',
    usage: `npm run test:watch [-- path …]

Compiles every saved file and runs the tests at these paths; without paths, those that import the saved file.`,
    positionals: true,
  },
  postman: {
    group: 'generate',
    summary: 'writes the Postman collection, its environment and sample files',
    entry: 'dist/scripts/postman.js',
    usage: `npm run postman

Writes the Postman collection, its environment and sample files. It takes no options.`,
  },
  'db:migrate': {
    group: 'database',
    summary: 'migrates all tables, those of the product and of the queue, to this version',
    entry: 'dist/scripts/migrate.js',
    usage: `npm run db:migrate

Migrates the configured database (DATABASE_URL or DB_HOST, else the running embedded one) to this version: the tables
of the product and those of the queue.`,
  },
  models: {
    group: 'operate',
    summary: 'lists, downloads and installs public networks',
    entry: 'dist/scripts/models.js',
    usage: `npm run models -- list                    known public networks, and which are installed
npm run models -- pull <id> [<id> …]      download and install; resumes an interrupted download
npm run models -- import <folder or file> install from files downloaded elsewhere
  --force                                 replace a network with the same id`,
    options: { force: flag },
    commands: { list: 0, pull: 'the id of a network', import: 'a folder or a file' },
  },
  'process-media': {
    group: 'operate',
    summary: 'makes missing and failed previews of the media that were uploaded in a range of days',
    entry: 'dist/scripts/process-media.js',
    usage: `npm run script -- process-media --from 2026-05-01 --to 2026-05-31 [options]

  --from, --to      first and last day of the uploads in UTC, both included
  --steps A,B       some of thumbnail, poster, filmstrip, md5, proxy; all by default
  --dataset ID      only media of this dataset
  --remake          make ready previews again as well
  --dry-run         only count
  --no-wait         start and return; the workers go on
  --run ID          follow a run that was started before

Works on this installation, or on the server at PROCESS_VIDEO_SERVER_URL with an admin's API key in INFERNODE_API_KEY
(docs/media.md).`,
    options: {
      from: text,
      to: text,
      steps: text,
      dataset: text,
      run: text,
      remake: flag,
      'dry-run': flag,
      'no-wait': flag,
    },
  },
  storage: {
    group: 'operate',
    summary:
      'compares the stored files with the database; removes orphaned files; moves files to S3 and back',
    entry: 'dist/scripts/storage.js',
    usage: `npm run storage -- check     compares the stored files with the database; changes nothing
npm run storage -- clean     removes files without a row, and databases whose data folder is gone
  --older-than <hours>       only files without a row for this long, default 24; uploads store files before rows
npm run storage -- migrate --to s3|disk [--remove-source]
                             copies all files to the other storage, compares them, and removes the originals if wanted`,
    options: { 'older-than': text, to: text, 'remove-source': flag },
    numbers: ['older-than'],
    commands: { check: 0, clean: 0, migrate: 0 },
  },
  backup: {
    group: 'operate',
    summary: 'encrypted, incremental backups of database, media, networks and keys, while everything runs',
    entry: 'dist/scripts/backup.js',
    usage: `npm run backup -- init       creates the repository BACKUP_REPOSITORY, encrypted with BACKUP_PASSWORD
npm run backup -- create     stores a snapshot, whether InferNode runs or not
npm run backup -- list       snapshots; with --snapshot or --prefix the files of one
npm run backup -- restore    restores the newest snapshot, or a part of it
npm run backup -- check      examines the repository; --read-data reads everything in it
npm run backup -- prune      removes older snapshots and the data that only they need
  --snapshot ID              another snapshot than the newest
  --prefix PATH              a file or folder: media/…, models/…, keys/…, or database as a whole
  --mode preview|inplace     preview (default) restores into DATA_DIR/restores/TIME; inplace requires that InferNode is stopped
  --verify                   reads restored files again; after a complete restore also compares them with the rows
  --keep-daily N, --keep-weekly N, --keep-monthly N    snapshots that prune keeps, default 14, 8 and 12`,
    options: {
      snapshot: text,
      prefix: text,
      mode: text,
      verify: flag,
      'read-data': flag,
      'keep-daily': text,
      'keep-weekly': text,
      'keep-monthly': text,
    },
    numbers: ['keep-daily', 'keep-weekly', 'keep-monthly'],
    choices: { mode: () => ['preview', 'inplace'] },
    commands: { init: 0, create: 0, list: 0, restore: 0, check: 0, prune: 0 },
  },
  'migration:generate': {
    tool: true,
    group: 'database',
    summary: 'writes a migration with the tables and columns of the models that the database lacks',
    entry: 'dist/scripts/migration-generate.js',
    usage: `migration_name=AddColumn npm run migration:generate     (also: npm run migration:generate -- add-column)

Compares the models with the database of the settings, and writes what it lacks to migrations/TIMESTAMP-add-column.cjs. It compares tables, columns
and kinds of types; add indexes, defaults and constraints by hand.`,
    options: { name: text },
    positionals: true,
  },
  'entity:create': {
    tool: true,
    group: 'database',
    summary: 'creates a Sequelize model in src/models',
    entry: 'dist/scripts/entity-create.js',
    usage: `entity_name=UserNote npm run entity:create     (also: npm run entity:create -- user-note)

Creates src/models/user-note.model.ts and prints where to list it.`,
    options: { name: text },
    positionals: true,
  },
  admin: {
    group: 'operate',
    summary: 'accounts from the command line, with or without a running server',
    entry: 'dist/scripts/admin.js',
  },
  ...toolCommands,
};

/** Built-in detectors, and those of the networks in the models folder. */
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
    'the whole test suite; with `-- path` only tests whose path contains it, after compiling changed files',
  ],
  'test:unit': ['test', 'unit tests'],
  'test:integration': ['test', 'integration tests with a real database, FFmpeg and ONNX Runtime'],
  'test:e2e': ['test', 'end-to-end tests of the running product'],
  'test:s3': ['test', 'the tests that store files, in an S3 server that checks signatures'],
  'test:ci': ['test', 'the whole test suite; optional programs are required'],
  'test:coverage': ['test', 'the whole test suite with the coverage of `src`, including child processes'],
  jest: ['test', 'Jest on the compiled tests, without the set-up'],
  build: ['develop', 'compiles to `dist/`'],
  typecheck: ['develop', 'type check only'],
  lint: ['develop', 'ESLint and Prettier'],
  knip: ['develop', 'finds unused exports, files and dependencies'],
  format: ['develop', 'formats all files with Prettier'],
  hooks: ['develop', 'enables the commit hook that lints and formats staged files'],
  'docs:commands': ['generate', 'writes scripts/README.md from the table of commands'],
  script: [
    'run',
    'runs a command or a file of this folder by name: `script=NAME.ts npm run script`, or `-- NAME`',
  ],
  'husky-install': ['develop', 'the same as `hooks`'],
  'migration:create': [
    'database',
    'the same as `db:migration:generate`; the name may be in `migration_name`',
  ],
  'migration:run': ['database', 'the same as `db:migrate`'],
  'migration:revert': ['database', 'the same as `db:migrate:undo`'],
  'migration:show': ['database', 'lists the migrations and whether they have run'],
  'db:migrate:undo': ['database', "reverts the product's last migration"],
  'db:seed': ['database', 'loads the seed data for development'],
  'db:seed:undo': ['database', 'removes the seed data'],
  'db:migration:generate': ['database', 'creates an empty migration with the name `-- name`'],
  'db:seed:generate': ['database', 'creates an empty seeder with the name `-- name`'],
  'keys:generate': ['operate', 'the same as `keys`'],
  'keys-force': ['operate', 'replaces the key pair, which ends all sessions'],
};

/** Groups of commands, in the order of scripts/README.md. */
export const groups = {
  run: 'Run',
  operate: 'Operate',
  database: 'Database',
  develop: 'Develop',
  test: 'Test',
  bench: 'Benchmarks: speed (`benchmarks/`)',
  eval: 'Evaluation: quality of results (`evaluation/`)',
  soak: 'Soak tests: long load, kills and attacks (`tests/soak/`)',
  generate: 'Generated files',
};
