import { parseArgs } from 'node:util';
import { withFilesHeld } from '../src/backup/held-files.js';
import { configuredDatabaseUrl, databaseConfig, embeddedDatabaseUrl } from '../src/config/database.js';
import type { Settings } from '../src/config/settings.js';
import { loadSettings } from '../src/config/load.js';
import { createDaos } from '../src/dao/daos.js';
import { AppError, messageOf } from '../src/errors/app-error.js';
import { abandonedClusters, removeCluster, SYSTEM_DIRECTORY } from '../src/lifecycle/system-clusters.js';
import type { Repositories } from '../src/domain/repositories/unit-of-work.js';
import { createSequelize } from '../src/composition/create-sequelize.js';
import { defineModels } from '../src/models/models.js';
import { createRepositories } from '../src/repositories/repositories.js';
import { RecordingSweep } from '../src/services/recording-sweep.js';
import { StorageCheckService, type StorageReport } from '../src/services/storage-check.service.js';
import { openStorage, type Storage } from '../src/composition/storage.js';
import { silentLogger } from '../src/logging/logger.js';
import { compareHashes } from './storage/compare-hashes.js';
import { migrateStorage } from './storage/migrate-storage.js';

const USAGE = `Usage:
  npm run storage -- check     compares the stored files with the database; changes nothing
  --hashes                     also reads every file and compares its SHA-256, which takes as long as to copy them
  npm run storage -- clean     removes files without a row, and databases whose data folder no longer exists
  --older-than <hours>         only files without a row for this long, default 24; uploads store files before rows
  npm run storage -- migrate --to s3|disk
                               copies all files to the other storage and compares their SHA-256; may be repeated
  --remove-source              then removes the copied files from where they were
`;
const hasDatabase = (settings: Settings): boolean =>
  (configuredDatabaseUrl(settings) ?? embeddedDatabaseUrl(settings.folders.data)) !== null;
const HOUR_MS = 3_600_000;
const MAX_SHOWN = 20;
const say = (sentence: string): void => void process.stdout.write(`${sentence}\n`);
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

function describe(
  { files, bytes, rows, previews, lostPreviews, orphans, uploads, young, lost }: StorageReport,
  hours: number,
): void {
  const orphanedBytes = orphans.reduce((sum, blob) => sum + blob.bytes, 0);
  say(`${files} files (${megabytes(bytes)}), ${rows} rows of media, ${previews} of previews.`);
  say(`${orphans.length} files (${megabytes(orphanedBytes)}) without a row for ${hours} hours or more.`);
  if (uploads > 0) say(`${uploads} files of uploads that are not finished.`);
  if (young > 0) say(`${young} younger files without a row; they may belong to uploads in progress.`);
  if (lostPreviews > 0) say(`${lostPreviews} files of previews are missing; they can be made again.`);
  say(`${lost.length} rows whose file is missing.`);
  for (const { mediaId, userId, datasetId, name } of lost.slice(0, MAX_SHOWN)) {
    say(`  media ${mediaId}, "${name}", dataset ${datasetId}, user ${userId}`);
  }
  if (lost.length > MAX_SHOWN) say(`  and ${lost.length - MAX_SHOWN} more`);
}

/**
 * Databases that a server started by root keeps outside the data folder remain when that folder is deleted. Lists those
 * of all installations on this machine, and which belong to the current data folder.
 */
function reportClusters(command: string, dataDirectory: string): number {
  const clusters = abandonedClusters();
  if (clusters.length > 0) say(`Databases in ${SYSTEM_DIRECTORY}, of all installations on this machine:`);
  for (const cluster of clusters) {
    const { folder, dataFolder, bytes } = cluster;
    const whose =
      dataFolder === null
        ? 'of a data folder that is not noted; start the server of that folder once, or remove it by hand'
        : dataFolder === dataDirectory
          ? `of this data folder (${dataFolder}), which no longer exists`
          : `of another data folder (${dataFolder}), which no longer exists`;
    const removed = command === 'clean' && removeCluster(cluster);
    say(`  ${removed ? 'Removed the' : 'A'} database in ${folder} (${megabytes(bytes)}), ${whose}.`);
  }
  return clusters.length;
}

/** Recordings of live sessions lie in the same folder; a worker removes those whose job has ended. */
async function reportRecordings(
  command: string,
  storage: Pick<Storage, 'recordings'>,
  repositories: Pick<Repositories, 'servoSessions' | 'jobs'>,
): Promise<void> {
  const store = storage.recordings();
  const sweep = new RecordingSweep(store, repositories);
  const all = await store.list();
  if (all.length === 0) return;
  const bytes = all.reduce((sum, recording) => sum + recording.bytes, 0);
  const unneeded = await sweep.find();
  say(
    `${all.length} recordings of live sessions (${megabytes(bytes)}), ${unneeded.length} not needed any more.`,
  );
  if (command === 'clean') say(`${await sweep.runOnce()} recordings removed.`);
}

/** @returns hours, or `null` for an invalid duration */
function hoursOf(text: string): number | null {
  return /^\d{1,6}$/.test(text) ? Number(text) : null;
}

interface Comparison {
  readonly command: 'check' | 'clean';
  readonly hours: number;
  readonly hashes: boolean;
}

/** @returns the exit status: 1 when files referenced by the database are missing or damaged */
async function run({ command, hours, hashes }: Comparison): Promise<number> {
  const settings = loadSettings();
  const clusters = reportClusters(command, settings.folders.data);
  if (clusters > 0 && !hasDatabase(settings)) {
    say('No database runs on the data folder, so its files were not compared.');
    return 0;
  }
  const config = databaseConfig(settings, 'infernode-storage');
  const { url } = config;
  const storage = await openStorage(settings, { log: silentLogger });
  const sequelize = createSequelize(config);
  try {
    const daos = createDaos({ sequelize, models: defineModels(sequelize), transaction: null });
    const repositories = createRepositories(daos);
    const service = new StorageCheckService(repositories, storage.blobs);
    const compare = async (): Promise<number> => {
      const report = await service.check(hours * HOUR_MS);
      describe(report, hours);
      if (command === 'clean') say(`${await service.clean(report)} files removed.`);
      await reportRecordings(command, storage, repositories);
      const damaged = hashes
        ? await compareHashes({ repositories, blobs: storage.blobs, rows: report.rows }, say)
        : 0;
      return report.lost.length + damaged > 0 ? 1 : 0;
    };
    // A backup must find the file of each of its rows.
    return command === 'clean' ? await withFilesHeld(url, compare) : await compare();
  } finally {
    await sequelize.close();
    storage.close();
  }
}

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      'older-than': { type: 'string', default: '24' },
      hashes: { type: 'boolean', default: false },
      to: { type: 'string' },
      'remove-source': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return (say(USAGE), 0);
  const [command, ...rest] = positionals;
  const hours = hoursOf(values['older-than']);
  const { to, hashes, 'remove-source': removeSource } = values;
  if (command === 'migrate' && rest.length === 0 && (to === 'disk' || to === 's3'))
    return migrateStorage(loadSettings(), { to, removeSource, log: silentLogger, say });
  const known = (command === 'check' || (command === 'clean' && !hashes)) && rest.length === 0;
  if (known && hours !== null) return run({ command, hours, hashes });
  if (hours === null) process.stderr.write('--older-than takes a whole number of hours.\n');
  process.stderr.write(USAGE);
  return 2;
}

try {
  process.exitCode = await main();
} catch (error) {
  const unknownOption =
    error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  const code = error instanceof AppError ? ` (${error.code})` : '';
  process.stderr.write(`${messageOf(error)}${code}\n${unknownOption ? USAGE : ''}`);
  process.exitCode = unknownOption ? 2 : 1;
}
