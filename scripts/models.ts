import path from 'node:path';
import { parseArgs } from 'node:util';
import cliProgress from 'cli-progress';
import Table from 'cli-table3';
import { createNetworks } from '../src/composition/networks.js';
import type { Settings } from '../src/config/settings.js';
import { loadSettings } from '../src/config/load.js';
import type { NetworkSource } from '../src/domain/network.js';
import { AppError } from '../src/errors/app-error.js';
import { silentLogger } from '../src/logging/logger.js';
import { readCatalogue, requireEntry, type CatalogueEntry } from './models/catalogue-file.js';
import { importNetworks } from './models/import-folder.js';
import { NetworkInstaller } from './models/install.js';
import { pull } from './models/pull.js';

const USAGE = `Usage:
  npm run models -- list                    known public networks, and which are installed
  npm run models -- pull <id> [<id> …]      download and install; resumes an interrupted download
  npm run models -- import <folder or file> install from files downloaded elsewhere
  --force                                   replace a network with the same id
`;
const say = (sentence: string): void => void process.stdout.write(`${sentence}\n`);
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

/** System errors, such as an unreadable file or a full disk, are printed without a stack trace. */
const isSystemError = (error: unknown): error is Error => error instanceof Error && 'syscall' in error;

/** A progress bar on terminals; otherwise a line per 10 %. */
function progressOf(entry: CatalogueEntry): { update(bytes: number): void; stop(): void } {
  if (!process.stderr.isTTY) {
    let told = -1;
    const update = (bytes: number) => {
      const tenth = Math.floor((10 * bytes) / entry.bytes);
      if (tenth > told)
        process.stderr.write(`${entry.id}: ${megabytes(bytes)} of ${megabytes(entry.bytes)} MB\n`);
      told = Math.max(told, tenth);
    };
    return { update, stop: () => undefined };
  }
  const bar = new cliProgress.SingleBar({
    format: '{id} {bar} {percentage} % of {size} MB',
    hideCursor: true,
  });
  bar.start(entry.bytes, 0, { id: entry.id, size: megabytes(entry.bytes) });
  return { update: (bytes) => bar.update(bytes), stop: () => bar.stop() };
}

async function list(entries: readonly CatalogueEntry[], installer: NetworkInstaller): Promise<void> {
  const table = new Table({
    head: ['id', 'MB', 'task', 'what it is', 'installed'],
    style: { head: [], border: [] },
  });
  for (const { id, bytes, task, description, sha256 } of entries) {
    const there = await installer.installed(id);
    const same = there !== null && Object.values(there.files).some((file) => file.sha256 === sha256);
    table.push([
      id,
      megabytes(bytes),
      task,
      description,
      same ? 'yes' : there === null ? '' : 'other content',
    ]);
  }
  say(table.toString());
}

const readArguments = () =>
  parseArgs({
    allowPositionals: true,
    options: { force: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });

/** An unknown option is a usage error. */
const isUnknownOption = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');

/** Validates classifiers in the same way as uploads; other networks are validated by their tasks. */
async function importAll(
  names: readonly string[],
  entries: readonly CatalogueEntry[],
  options: { readonly settings: Settings; readonly replace: boolean | undefined },
): Promise<void> {
  const { engines } = createNetworks(options.settings, silentLogger);
  const validate = async (source: NetworkSource): Promise<void> => {
    if (source.network.task === 'classification') await engines.check(source);
  };
  const installer = new NetworkInstaller(options.settings.folders.models, {
    replace: options.replace,
    validate,
  });
  try {
    for (const name of names) await importNetworks(path.resolve(name), { entries, installer, say });
  } finally {
    await engines.close();
  }
}

async function main(): Promise<void> {
  const { positionals, values } = readArguments();
  if (values.help) return say(USAGE);
  const [command, ...names] = positionals;
  const settings = loadSettings();
  const { models, data } = settings.folders;
  const entries = await readCatalogue();
  const installer = new NetworkInstaller(models, { replace: values.force });
  if (command === 'list' && names.length === 0) return list(entries, installer);
  if (command === 'import' && names.length > 0)
    return importAll(names, entries, { settings, replace: values.force });
  if (command === 'pull' && names.length > 0) {
    for (const entry of names.map((name) => requireEntry(entries, name))) {
      const progress = progressOf(entry);
      const downloads = path.join(data, 'downloads');
      try {
        await pull(entry, { installer, downloads, say, download: { onProgress: progress.update } });
      } finally {
        progress.stop();
      }
    }
    return;
  }
  process.stderr.write(USAGE);
  process.exitCode = 2;
}

try {
  await main();
} catch (error) {
  if (isUnknownOption(error)) {
    process.stderr.write(`${error.message}\n${USAGE}`);
    process.exitCode = 2;
  } else if (error instanceof AppError) {
    process.stderr.write(`${error.message} (${error.code})\n`);
    process.exitCode = 1;
  } else if (isSystemError(error)) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  } else throw error;
}
