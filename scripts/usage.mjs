/**
 * What each entry of run.mjs takes, so that `--help` and mistakes are answered before anything is installed, built or
 * started. Plain JavaScript without imports from node_modules, since those may not be there yet.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { toolUsages } from './tool-usage.mjs';

const root = path.resolve(import.meta.dirname, '..');

const text = { type: 'string' };
const flag = { type: 'boolean' };

/** Options by name, and whether words without dashes are taken; `usage` is shown as it stands. */
export const usages = {
  start: {
    usage: `npm start

Runs PostgreSQL (embedded, unless DATABASE_URL or DB_HOST names another one), the API and a worker until Ctrl-C.
It takes no options; settings are environment variables or lines of .env (README.md, "Configuration"):

  PORT=3000              port of the API, 0 for a free one
  DATA_DIR=./data        folder of everything that is written
  STARTUP_TIMEOUT=60s    how long it waits for a database of your own, and for Redis`,
  },
  api: {
    usage: `npm run api

Runs the API alone. It needs a PostgreSQL (DATABASE_URL or DB_HOST) on which "npm run db:migrate" was run.
It takes no options; settings are environment variables or lines of .env (README.md, "Configuration").`,
  },
  worker: {
    usage: `npm run worker

Runs a worker alone, with the same DATABASE_URL (or DB_HOST and so on) and MEDIA_DIR as the API.
It takes no options; settings are environment variables or lines of .env (README.md, "Configuration").`,
  },
  demo: {
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
    usage: `npm run keys [-- --force]     (also: npm run keys-force)

Makes the RSA pair that signs access tokens; --force replaces one that is there and ends all sessions.`,
    options: { force: flag },
  },
  dev: {
    usage: `npm run dev [-- stack|api|worker]

The same as npm start, or one process alone, compiled and started again on every change.`,
    commands: { '': 0, stack: 0, api: 0, worker: 0 },
  },
  'test:watch': {
    usage: `npm run test:watch [-- path …]

Compiles every saved file and runs the tests at these paths; without paths, those that import what was saved.`,
    positionals: true,
  },
  postman: {
    usage: `npm run postman

Writes the Postman collection, its environment and sample files again. It takes no options.`,
  },
  'db:migrate': {
    usage: `npm run db:migrate

Brings the configured database (DATABASE_URL or DB_HOST, else the embedded one while it runs) to this version: the
tables of the product and those of the queue.`,
  },
  models: {
    usage: `npm run models -- list                    public networks that are known, and which are installed
npm run models -- pull <id> [<id> …]      fetch and install; goes on where it was interrupted
npm run models -- import <folder or file> install from files that were fetched elsewhere
  --force                                 replace a network of the same id`,
    options: { force: flag },
    commands: { list: 0, pull: 'the id of a network', import: 'a folder or a file' },
  },
  storage: {
    usage: `npm run storage -- check     compares the stored files with the rows of the database; changes nothing
npm run storage -- clean     removes files that no row names, and databases whose data folder is gone
  --older-than <hours>       only files without a row for so long, 24 by default; an upload stores its files first`,
    options: { 'older-than': text },
    numbers: ['older-than'],
    commands: { check: 0, clean: 0 },
  },
  ...toolUsages,
};

const wantsHelp = (args) => {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).some((word) => word === '--help' || word === '-h');
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

/** The same of the first word; of `commands` each has 0, or what has to follow it. Without any there may be the name ''. */
function problemOfCommand(commands, [name = '', ...rest]) {
  const names = Object.keys(commands).filter((known) => known !== '');
  if (!Object.hasOwn(commands, name))
    return name === ''
      ? `A command is missing: ${names.join(', ')}.`
      : `There is no command "${name}"; choose one of ${names.join(', ')}.`;
  if (commands[name] === 0 && rest.length > 0) return `"${name}" is not followed by "${rest[0]}".`;
  return commands[name] !== 0 && rest.length === 0 ? `"${name}" needs ${commands[name]}.` : undefined;
}

/** What is wrong with arguments that are known by name, in a sentence; undefined when nothing is. */
function problemOf(known, { values, positionals }) {
  const { numbers = [], choices = {}, anyCase = [], needs, required = [], commands } = known;
  for (const name of numbers)
    if (values[name] !== undefined && !/^\d{1,9}$/.test(values[name]))
      return `--${name} takes a whole number, not "${values[name]}".`;
  for (const [name, listed] of Object.entries(choices)) {
    const word = (value) => (anyCase.includes(name) ? value.toUpperCase() : value);
    const value = values[name];
    const names = value === undefined ? [] : listed();
    if (value !== undefined && !names.map(word).includes(word(value)))
      return `--${name} is "${value}"; choose one of ${names.join(', ')}.`;
  }
  const missing = required.find((name) => values[name] === undefined);
  if (missing !== undefined) return `--${missing} is missing.`;
  if (commands !== undefined) return problemOfCommand(commands, positionals);
  if (needs !== undefined && positionals.length !== 1)
    return positionals.length === 0 ? `${needs} is missing.` : `One ${needs} at a time, please.`;
  return needs !== undefined && !existsSync(positionals[0]) ? `${positionals[0]} does not exist.` : undefined;
}

/**
 * Answers `--help` (exit 0) and arguments that do not exist (exit 2); returns when the script may run.
 * @param name a script of package.json
 */
export function checkArguments(name, args) {
  const known = usages[name];
  if (known === undefined) return;
  if (wantsHelp(args)) {
    process.stdout.write(`${known.usage}\n`);
    process.exit(0);
  }
  const fail = (problem) => {
    process.stderr.write(`${problem}\n\nUsage: ${known.usage}\n`);
    process.exit(2);
  };
  try {
    const allowPositionals = known.positionals ?? (known.needs ?? known.commands) !== undefined;
    const parsed = parseArgs({ args, options: known.options ?? {}, allowPositionals });
    const problem = problemOf(known, parsed);
    if (problem !== undefined) fail(problem);
  } catch (error) {
    fail(error.message.split('. To specify')[0]);
  }
}
