/**
 * What each entry of run.mjs takes, so that `--help` and mistakes are answered before anything is installed, built or
 * started. Plain JavaScript without imports from node_modules, since those may not be there yet.
 */
import { parseArgs } from 'node:util';

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
  },
  keys: {
    usage: `npm run keys [-- --force]     (also: npm run keys-force)

Makes the RSA pair that signs access tokens; --force replaces one that is there and ends all sessions.`,
    options: { force: flag },
  },
  dev: {
    usage: `npm run dev [-- stack|api|worker]

The same as npm start, or one process alone, compiled and started again on every change.`,
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
    positionals: true,
  },
  storage: {
    usage: `npm run storage -- check     compares the stored files with the rows of the database; changes nothing
npm run storage -- clean     removes files that no row names, and databases whose data folder is gone
  --older-than <hours>       only files without a row for so long, 24 by default; an upload stores its files first`,
    options: { 'older-than': text },
    positionals: true,
  },
  bench: {
    usage: `npm run bench [-- cns http inpainting classification peers start]

Measures the named parts, or cns, http and inpainting. docs and README.md say what each needs.
  --only TEXT, --rounds N, --repeat N, --core N, --detectors A,B`,
    options: { only: text, detectors: text, core: text, repeat: text, rounds: text },
    positionals: true,
  },
};

/** Tools for developers whose options stand in their sources; all that is promised here is an answer to --help. */
const developerTools = new Set([
  'api:tour',
  'bench:cores',
  'bench:detectors',
  'bench:magsac',
  'docs:contact-sheet',
  'eval:archive',
  'eval:cns',
  'eval:files',
  'eval:flicker',
  'quality:inpainting',
  'soak:kills',
  'soak:large-picture',
  'soak:memory',
  'soak:pictures',
  'render:samples',
]);

const wantsHelp = (args) => {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).some((word) => word === '--help' || word === '-h');
};

/**
 * Answers `--help` (exit 0) and arguments that do not exist (exit 2); returns when the script may run.
 * @param name a script of package.json
 */
export function checkArguments(name, args) {
  if (developerTools.has(name) && wantsHelp(args)) {
    process.stdout.write(`npm run ${name}\n\nREADME.md, "npm scripts", says what it does.\n`);
    process.exit(0);
  }
  const known = usages[name];
  if (known === undefined) return;
  if (wantsHelp(args)) {
    process.stdout.write(`${known.usage}\n`);
    process.exit(0);
  }
  try {
    parseArgs({ args, options: known.options ?? {}, allowPositionals: known.positionals ?? false });
  } catch (error) {
    process.stderr.write(`${error.message.split('. To specify')[0]}\n\nUsage: ${known.usage}\n`);
    process.exit(2);
  }
}
