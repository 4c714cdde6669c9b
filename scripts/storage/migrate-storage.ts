import type { Settings } from '../../src/config/settings.js';
import { openBackend } from '../../src/composition/storage.js';
import type { Logger } from '../../src/logging/logger.js';
import { StorageMigration, type MigrationReport } from '../../src/services/storage-migration.js';

const PROGRESS_INTERVAL_MS = 5_000;
const MAX_SHOWN = 20;
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** Options of `storage migrate`. */
export interface MigrateOptions {
  readonly to: 'disk' | 's3';
  readonly removeSource: boolean;
  readonly log: Logger;
  readonly say: (sentence: string) => void;
}

/**
 * Copies all files to one of the two kinds of storage; removes them from the other one if wanted.
 * @returns the exit status: 1 when files could not be copied or removed
 */
export async function migrateStorage(
  settings: Settings,
  { to, removeSource, log, say }: MigrateOptions,
): Promise<number> {
  const from = to === 's3' ? 'disk' : 's3';
  const source = await openBackend(from, settings, { log });
  const target = await openBackend(to, settings, { log });
  try {
    const migration = new StorageMigration(source.blobs, target.blobs);
    let saidAt = Date.now();
    const report = await migration.copy((soFar) => {
      if (Date.now() - saidAt < PROGRESS_INTERVAL_MS) return;
      saidAt = Date.now();
      say(counts(soFar));
    });
    say(counts(report));
    for (const { key, reason } of report.failed.slice(0, MAX_SHOWN)) say(`  ${key}: ${reason}`);
    if (report.failed.length > 0) {
      say(`${report.failed.length} files could not be copied. Run the command again.`);
      return 1;
    }
    say(`All files of ${from} are in ${to}.`);
    if (!removeSource) return 0;
    const { removed, removedBytes, kept } = await migration.removeSource();
    say(`${removed} files (${megabytes(removedBytes)}) removed from ${from}, ${kept} kept.`);
    return kept > 0 ? 1 : 0;
  } finally {
    source.close();
    target.close();
  }
}

const counts = ({ copied, copiedBytes, present, deleted }: MigrationReport): string =>
  `${copied} files copied (${megabytes(copiedBytes)}), ${present} were there already, ${deleted} deleted meanwhile.`;
